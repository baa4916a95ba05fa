// Shows the cells of a run over time: a section from above, or a volume that turns under the mouse.
"use strict";

const SIZE = 1000; // pixels of the square canvas
const FAR = 0.55; // brightness of the farthest cells of a volume

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// Dark purple, red, light yellow: even in lightness, and readable without red or green.
const RAMP = [[0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21], [250, 193, 39], [252, 255, 164]];

function ramp(part) {
  const at = Math.min(Math.max(part, 0), 1) * (RAMP.length - 1), low = Math.min(Math.floor(at), RAMP.length - 2);
  return RAMP[low].map((value, channel) => value + (at - low) * (RAMP[low + 1][channel] - value));
}

class Viewer {
  constructor(root, run) {
    this.root = root;
    this.run = run;
    this.frame = 0;
    this.hidden = new Set();
    this.field = "";
    this.zoom = 1;
    this.pan = [0, 0];
    this.turn = [0.6, 0.45];
    this.cut = 1; // part of the volume that is shown, from the back
    this.cells = new Map();
    this.colours = run.types.map((type) => rgb(type.colour));
    const find = (name) => root.querySelector(`[data-part=${name}]`);
    this.canvas = find("canvas");
    this.canvas.width = this.canvas.height = SIZE;
    this.context = this.canvas.getContext("2d");
    this.picture = this.context.createImageData(SIZE, SIZE);
    this.depth = new Float32Array(SIZE * SIZE);
    this.owner = new Int32Array(SIZE * SIZE);
    this.slider = find("slider");
    this.slider.max = run.days.length - 1;
    this.slider.addEventListener("input", () => this.show(+this.slider.value));
    this.label = find("day");
    this.hover = find("hover");
    this.legend(find("legend"));
    this.choices(find("fields"));
    this.bar = find("bar");
    const play = find("play");
    play.addEventListener("click", () => {
      this.playing = this.playing ? clearInterval(this.playing) : setInterval(() => this.show((this.frame + 1) % run.days.length), 150);
      play.textContent = this.playing ? "Pause" : "Play";
    });
    const cut = find("cut");
    cut.parentElement.hidden = !run.volume;
    cut.addEventListener("input", () => { this.cut = +cut.value; this.draw(); });
    this.mouse();
    const asked = new URLSearchParams(location.hash.slice(1)); // such as #day=30&field=oxygen
    if (run.fields.some((each) => each.name === asked.get("field"))) this.field = find("fields").value = asked.get("field");
    const away = run.days.map((day) => Math.abs(day - (asked.get("day") ?? 0)));
    this.show(away.indexOf(Math.min(...away)));
  }

  legend(place) {
    this.run.types.forEach((type, code) => {
      const line = document.createElement("label"), box = document.createElement("input"), dot = document.createElement("i");
      const name = document.createElement("span"), count = document.createElement("b");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", () => { this.hidden[box.checked ? "delete" : "add"](code); this.draw(); });
      dot.style.background = type.colour;
      name.textContent = type.label;
      count.dataset.code = code;
      line.append(box, dot, name, count);
      place.append(line);
    });
    this.numbers = [...place.querySelectorAll("b")];
  }

  choices(select) {
    select.append(new Option("no field", ""));
    for (const field of this.run.fields) select.append(new Option(field.label, field.name));
    select.addEventListener("change", () => { this.field = select.value; this.draw(); });
  }

  mouse() {
    let from = null;
    this.canvas.addEventListener("pointerdown", (event) => { from = [event.clientX, event.clientY]; this.canvas.setPointerCapture(event.pointerId); });
    this.canvas.addEventListener("pointerup", () => { from = null; });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!from) return this.tell(event);
      const scale = SIZE / this.canvas.clientWidth, [dx, dy] = [event.clientX - from[0], event.clientY - from[1]];
      if (this.run.volume) this.turn = [this.turn[0] + dx / 150, Math.min(Math.max(this.turn[1] + dy / 150, -1.5), 1.5)];
      else this.pan = [this.pan[0] + dx * scale, this.pan[1] + dy * scale];
      from = [event.clientX, event.clientY];
      this.draw();
    });
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const scale = SIZE / this.canvas.clientWidth, factor = Math.exp(-event.deltaY / 500);
      const zoom = Math.min(Math.max(this.zoom * factor, 1), 20), real = zoom / this.zoom;
      const at = [event.offsetX * scale - SIZE / 2, event.offsetY * scale - SIZE / 2];
      this.pan = zoom === 1 ? [0, 0] : this.pan.map((value, axis) => at[axis] - (at[axis] - value) * real);
      this.zoom = zoom;
      this.draw();
    }, { passive: false });
  }

  async load(frame) {
    if (!this.cells.has(frame)) {
      const bytes = await unpack(this.run.frames[frame]), count = bytes.length / 7;
      const words = new Uint16Array(bytes.buffer, 0, 3 * count);
      this.cells.set(frame, { count, x: words.subarray(0, count), y: words.subarray(count, 2 * count), z: words.subarray(2 * count), code: bytes.subarray(6 * count) });
    }
    return this.cells.get(frame);
  }

  async show(frame) {
    this.frame = frame;
    this.slider.value = frame;
    const cells = await this.load(frame);
    if (frame !== this.frame) return; // the slider has moved on meanwhile
    this.label.textContent = `day ${this.run.days[frame].toFixed(1)}`;
    this.numbers.forEach((each) => { each.textContent = this.run.counts[frame][each.dataset.code].toLocaleString("en"); });
    this.now = cells;
    await this.draw();
  }

  async draw() {
    const cells = this.now, run = this.run;
    if (!cells) return;
    this.picture.data.fill(251);
    this.depth.fill(-Infinity);
    this.owner.fill(-1);
    const longest = Math.max(...run.box), reach = run.volume ? Math.hypot(...run.box) : longest;
    const scale = (SIZE / reach) * this.zoom;
    const [middleX, middleY] = [SIZE / 2 + this.pan[0], SIZE / 2 + this.pan[1]];
    await this.drawField(scale, middleX, middleY);
    const radius = Math.max(0.57 * run.voxel[0] * scale, 0.7), size = Math.ceil(radius), disc = [];
    for (let down = -size; down <= size; down++)
      for (let right = -size; right <= size; right++) {
        const square = (down * down + right * right) / (radius * radius);
        if (square <= 1) disc.push([down, right, run.volume ? 0.72 + 0.28 * Math.sqrt(1 - square) : 1]);
      }
    const [ct, st] = [Math.cos(this.turn[0]), Math.sin(this.turn[0])], [cp, sp] = [Math.cos(this.turn[1]), Math.sin(this.turn[1])];
    const data = this.picture.data, half = run.box.map((each) => each / 2);
    for (let k = 0; k < cells.count; k++) {
      const code = cells.code[k];
      if (this.hidden.has(code)) continue;
      let x = (cells.x[k] + 0.5) * run.voxel[0] - half[0], y = (cells.y[k] + 0.5) * run.voxel[1] - half[1];
      let near = run.types[code].below ? 0 : 1, light = 1;
      if (run.volume) {
        const z = (cells.z[k] + 0.5) * run.voxel[2] - half[2];
        const across = x * ct - y * st, away = x * st + y * ct;
        x = across;
        y = z * cp + away * sp;
        near = z * sp - away * cp;
        if (near > (2 * this.cut - 1) * reach / 2) continue;
        light = FAR + (1 - FAR) * (near / reach + 0.5);
      }
      const column = Math.round(middleX + x * scale), row = Math.round(middleY - y * scale);
      if (column < -size || row < -size || column >= SIZE + size || row >= SIZE + size) continue;
      const [red, green, blue] = this.colours[code];
      for (const [down, right, shade] of disc) {
        const r = row + down, c = column + right, at = r * SIZE + c;
        if (r < 0 || c < 0 || r >= SIZE || c >= SIZE || near < this.depth[at]) continue;
        this.depth[at] = near;
        this.owner[at] = k;
        const bright = light * shade;
        data[4 * at] = red * bright;
        data[4 * at + 1] = green * bright;
        data[4 * at + 2] = blue * bright;
      }
    }
    for (let at = 3; at < data.length; at += 4) data[at] = 255;
    this.context.putImageData(this.picture, 0, 0);
    this.scaleBar(scale);
  }

  async drawField(scale, middleX, middleY) {
    const field = this.run.fields.find((each) => each.name === this.field);
    this.bar.hidden = !field;
    if (!field || this.run.volume) return;
    const values = await unpack(field.frames[this.frame]), [nx, ny] = this.run.shape, data = this.picture.data;
    const [width, height] = [this.run.box[0] * scale, this.run.box[1] * scale];
    for (let row = 0; row < SIZE; row++) {
      const j = Math.floor(((middleY + height / 2 - row) / height) * ny);
      if (j < 0 || j >= ny) continue;
      for (let column = 0; column < SIZE; column++) {
        const i = Math.floor(((column - middleX + width / 2) / width) * nx);
        if (i < 0 || i >= nx) continue;
        const colour = ramp(values[j * nx + i] / 255), at = 4 * (row * SIZE + column);
        for (let channel = 0; channel < 3; channel++) data[at + channel] = colour[channel];
      }
    }
    this.bar.querySelector("span").textContent = `0 to ${field.top.toPrecision(3)} ${field.unit}`;
  }

  scaleBar(scale) {
    const lengths = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000], length = lengths.filter((each) => each * scale <= SIZE / 4).pop() ?? 10;
    const context = this.context;
    context.fillStyle = "rgba(255,255,255,0.85)";
    context.fillRect(16, SIZE - 60, length * scale + 24, 48);
    context.fillStyle = "#22272B";
    context.fillRect(28, SIZE - 26, length * scale, 5);
    context.font = "600 19px sans-serif";
    context.fillText(`${length} µm`, 28, SIZE - 35);
  }

  tell(event) {
    const scale = SIZE / this.canvas.clientWidth;
    const at = Math.floor(event.offsetY * scale) * SIZE + Math.floor(event.offsetX * scale), cell = this.owner[at] ?? -1;
    if (cell < 0) { this.hover.textContent = ""; return; }
    const cells = this.now, where = ["x", "y", "z"].slice(0, this.run.volume ? 3 : 2);
    const place = where.map((axis, k) => `${axis} ${((cells[axis][cell] + 0.5) * this.run.voxel[k]).toFixed(0)}`).join(", ");
    this.hover.textContent = `${this.run.types[cells.code[cell]].label}: ${place} µm`;
  }
}

function start() {
  const runs = JSON.parse(document.getElementById("runs").textContent), select = document.getElementById("run");
  const template = document.getElementById("viewer"), place = document.getElementById("stage");
  const open = () => {
    const part = template.content.cloneNode(true);
    place.replaceChildren(part);
    window.viewer = new Viewer(place, runs[select.value]);
  };
  runs.forEach((run, number) => select.append(new Option(run.name, number)));
  const asked = runs.findIndex((run) => run.name === new URLSearchParams(location.hash.slice(1)).get("run"));
  if (asked >= 0) select.value = asked;
  select.parentElement.hidden = runs.length < 2;
  select.addEventListener("change", () => { if (window.viewer?.playing) clearInterval(window.viewer.playing); open(); });
  open();
  const filter = document.getElementById("filter");
  filter?.addEventListener("input", () => {
    for (const row of document.querySelectorAll("#parameters tbody tr")) row.hidden = !row.textContent.toLowerCase().includes(filter.value.toLowerCase());
  });
}

start();
