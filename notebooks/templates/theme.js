// Before anything is drawn: the colours that the reader chose last time, if the browser kept them.
try {
  const kept = localStorage.getItem("mtl-course-theme");
  if (kept) document.documentElement.dataset.theme = kept;
} catch {} // a browser may refuse to keep anything for a file
