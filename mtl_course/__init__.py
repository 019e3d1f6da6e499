"""Rooms of the multi-task learning course: `from mtl_course import losses` opens one."""
