// Put into the page: notes when a key was pressed and when the frame that answers it was painted.
([selector, withImages]) => {
  const root = document.querySelector(selector);
  const probe = { frame: 0, keyFrame: 0, changeFrame: 0, heights: [], paints: [], moves: [] };
  let keyAt = null;
  let changed = false;
  let waiting = null;

  const images = () => [...root.querySelectorAll("img")];
  new MutationObserver(async () => {
    if (withImages) {
      const found = images();
      if (found.length === 0) return;
      await Promise.all(found.map((image) => image.decode().catch(() => null)));
    }
    changed = true;
  }).observe(root, { subtree: true, childList: true, attributes: true, characterData: true });

  // a task that was posted from an animation frame runs once that frame is painted
  const painted = new MessageChannel();
  painted.port1.onmessage = () => {
    if (!changed) return;
    changed = false;
    const now = performance.now();
    probe.changeFrame = probe.frame;
    const counter = root.closest(".mtl-panel")?.querySelector(".counter");
    probe.paints.push([now, counter ? Number(counter.textContent.match(/[\d,]+/)[0].replace(/,/g, "")) : 0]);
    if (keyAt === null) return;
    probe.latency = now - keyAt;
    keyAt = null;
    waiting?.();
  };
  const eachFrame = () => {
    probe.frame += 1;
    probe.heights.push(root.getBoundingClientRect().height);
    painted.port2.postMessage(0);
    if (!probe.stopped) requestAnimationFrame(eachFrame);
  };
  requestAnimationFrame(eachFrame);

  let pressedAt = 0;
  addEventListener("keydown", (event) => {
    pressedAt = event.timeStamp;
    keyAt = pressedAt;
    probe.keyFrame = probe.frame;
  }, { capture: true });
  addEventListener("input", (event) => probe.moves.push([pressedAt, Number(event.target.value)]), { capture: true });

  probe.answered = () => (keyAt === null ? Promise.resolve(probe.latency) : new Promise((resolve) => {
    waiting = () => resolve(probe.latency);
  }));
  window.probe = probe;
}
