// The frame on a picture: drag it to move the square, drag its corner to resize it. The number fields say and set the same.
document.addEventListener("DOMContentLoaded", () => {
  const cropper = document.querySelector("[data-cropper]");
  if (!cropper) return;
  const [width, height] = [Number(cropper.dataset.width), Number(cropper.dataset.height)];
  const frame = cropper.querySelector("[data-frame]");
  const picture = cropper.querySelector("img");
  const fields = Object.fromEntries(["x", "y", "size"].map((name) => [name, cropper.querySelector(`[name=${name}]`)]));
  const least = Number(fields.size.min);
  const most = Math.min(width, height);
  const clamp = (value, low, high) => Math.min(Math.max(Math.round(value), low), high);

  const read = () => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, Number(field.value) || 0]));

  const draw = () => {
    const { x, y, size } = read();
    frame.style.setProperty("--x", `${100 * x / width}%`);
    frame.style.setProperty("--y", `${100 * y / height}%`);
    frame.style.setProperty("--w", `${100 * size / width}%`);
    frame.style.setProperty("--h", `${100 * size / height}%`);
  };

  // Writes a square that is inside the picture, whatever is asked for.
  const write = ({ x, y, size }) => {
    const side = clamp(size, least, most);
    fields.size.value = side;
    fields.x.value = clamp(x, 0, width - side);
    fields.y.value = clamp(y, 0, height - side);
    draw();
  };

  const dragging = (handle, change) => {
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      const scale = width / picture.getBoundingClientRect().width;
      const from = { ...read(), left: event.clientX, top: event.clientY };
      handle.setPointerCapture(event.pointerId);
      const move = (now) => write(change(from, (now.clientX - from.left) * scale, (now.clientY - from.top) * scale));
      handle.addEventListener("pointermove", move);
      handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", move), { once: true });
    });
  };

  dragging(frame, ({ x, y, size }, right, down) => ({ x: x + right, y: y + down, size }));
  dragging(frame.querySelector("[data-grip]"), ({ x, y, size }, right, down) => ({
    x, y, size: Math.min(size + Math.max(right, down), width - x, height - y),
  }));
  for (const field of Object.values(fields)) {
    field.addEventListener("input", draw);
    field.addEventListener("change", () => write(read()));
  }
  frame.hidden = false;
  draw();
});
