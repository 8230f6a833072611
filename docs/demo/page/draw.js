// SPDX-License-Identifier: Apache-2.0
// The picture: across, the keys in order; down, where an entry can be, newest first. An entry is one
// element for as long as it lives, so that it is seen to move.

const SVG = 'http://www.w3.org/2000/svg';
const TITLE = 17;       // height of a row's title
const TABLE = 34;
const GAP = 4;
const STACK = 7;        // between versions of one key
const LEVELS = 7;       // that the engine has

function make(name, attributes, parent, text) {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

const moveTo = (element, x, y) => { element.style.transform = `translate(${x}px, ${y}px)`; };

class Painter {
  constructor(svg, model, tip) {
    Object.assign(this, {svg, model, tip});
    this.shown = {tables: new Map(), entries: new Map(), log: new Map()};
    this.layout();
  }

  // For the width there is. What was drawn is dropped.
  layout() {
    const {svg, model} = this;
    svg.replaceChildren();
    for (const shown of Object.values(this.shown)) shown.clear();
    this.width = Math.max(280, svg.parentElement.clientWidth);
    this.margin = this.width < 600 ? 7 : 14;
    this.column = (this.width - 2 * this.margin) / model.keys.length;
    this.radius = Math.min(5, Math.max(2.2, this.column * 0.3));
    this.rows = new Map();
    let y = 0;
    const row = (id, title, height) => {
      this.rows.set(id, {id, title, y: y + TITLE, height});
      y += TITLE + height + 9;
    };
    const chip = (this.width - 2 * this.margin) / model.logMost;
    this.chip = {width: Math.min(chip, 78), named: chip >= 50};
    row('log', 'log, in order of arrival', 22);
    row('memtable', 'memtable, sorted by key', TABLE + STACK);
    row('frozen', 'frozen memtable, on its way to a table', TABLE + STACK);
    for (const level of model.levelsUsed) {
      const lanes = level === 0 ? model.level0Most : 1;
      row(level, 'level ' + level, lanes * (TABLE + GAP) - GAP);
    }
    this.keysY = y + 2;
    const height = this.keysY + 56;
    svg.setAttribute('viewBox', `0 0 ${this.width} ${height}`);
    svg.setAttribute('height', height);
    this.drawKeys();
    this.drawRows();
    this.layers = {};
    for (const name of ['beam', 'tables', 'log', 'entries']) this.layers[name] = make('g', {class: name}, svg);
  }

  drawRows() {
    for (const row of this.rows.values()) {
      const group = make('g', {class: 'row'}, this.svg);
      const title = make('text', {x: 2, y: row.y - 5, class: 'title'}, group, row.title);
      row.figures = make('tspan', {class: 'figures', dx: 8}, title);
      row.box = make('rect', {x: 0.5, y: row.y - 0.5, width: this.width - 1, height: row.height + 1, rx: 5, class: 'shelf'}, group);
    }
  }

  drawKeys() {
    const group = make('g', {class: 'keys'}, this.svg);
    const every = Math.max(1, Math.ceil(13 / this.column));
    const angle = this.column < 13 ? -90 : -58;
    this.keyLabels = new Map();
    this.model.keys.forEach((key, i) => {
      const x = this.x(key);
      make('line', {x1: x, x2: x, y1: this.rows.get('memtable').y, y2: this.keysY - 4, class: 'column'}, group);
      const label = make('text', {transform: `translate(${x + 3}, ${this.keysY + 2}) rotate(${angle})`, 'text-anchor': 'end'}, group, key);
      if (i % every !== 0) label.classList.add('between');
      this.keyLabels.set(key, label);
    });
  }

  x(key) { return this.margin + (this.model.keys.indexOf(key) + 0.5) * this.column; }

  // Where a place's entries go: versions of one key above each other, the newest on top.
  place(entries, y, height, into) {
    const versions = new Map();
    for (const entry of [...entries].sort((a, b) => b.sequence - a.sequence)) {
      const nth = versions.get(entry.key) || 0;
      versions.set(entry.key, nth + 1);
      into.push({entry, x: this.x(entry.key), nth, versions, y, height});
    }
  }

  show(step, animate) {
    this.svg.classList.toggle('still', !animate);
    if (!animate) this.clear();
    const {state} = step;
    const places = [];
    const row = (id) => this.rows.get(id);
    this.place(state.memtable, row('memtable').y, row('memtable').height, places);
    for (const entries of state.frozen) this.place(entries, row('frozen').y, row('frozen').height, places);
    const tables = [];
    for (const level of this.model.levelsUsed) {
      state.level(level).forEach((table, i) => {
        const y = row(level).y + (level === 0 ? i * (TABLE + GAP) : 0);
        tables.push({table, y});
        this.place(table.entries, y, TABLE, places);
      });
    }
    this.drawLog(state);
    this.drawTables(tables, step.focus);
    this.drawEntries(places, state.log, state.fates(), step.focus);
    this.drawBeam(places, step.focus);
    this.drawFigures(step);
  }

  clear() {
    for (const shown of Object.values(this.shown)) {
      for (const element of shown.values()) element.remove();
      shown.clear();
    }
    for (const layer of Object.values(this.layers)) layer.replaceChildren();
  }

  // Makes, keeps and drops elements so that there is one for each wanted name. `begin` places a new one.
  sync(kind, wanted, begin) {
    const shown = this.shown[kind];
    for (const [name, element] of shown) {
      if (wanted.has(name)) continue;
      shown.delete(name);
      element.classList.add('going');
      setTimeout(() => element.remove(), 450);
    }
    for (const [name, what] of wanted) {
      if (shown.has(name)) continue;
      const element = begin(what, name);
      shown.set(name, element);
    }
    // One reading of the layout for all: what is new begins where it was put, and moves from there.
    if (!this.svg.classList.contains('still')) this.svg.getBoundingClientRect();
    return shown;
  }

  drawLog(state) {
    const wanted = new Map(state.log.map((entry) => [entryName(entry), entry]));
    const {width, named} = this.chip;
    const y = this.rows.get('log').y;
    const shown = this.sync('log', wanted, (entry) => {
      const group = make('g', {class: 'record' + (entry.deleted ? ' deleted' : '')}, this.layers.log);
      make('rect', {x: 1, y: 2, width: width - 2, height: 18, rx: 3}, group);
      if (named) make('text', {x: width / 2, y: 15, 'text-anchor': 'middle'}, group, (entry.deleted ? '\u00d7 ' : '') + entry.key);
      moveTo(group, this.width, y);
      this.tip.on(group, () => ['record of the log', ...entryText(this.model, entry)]);
      return group;
    });
    state.log.forEach((entry, i) => moveTo(shown.get(entryName(entry)), this.margin + i * width, y));
  }

  drawTables(tables, focus) {
    const wanted = new Map(tables.map((each) => [each.table.file, each]));
    const shown = this.sync('tables', wanted, ({table, y}) => this.beginTable(table, y));
    for (const {table, y} of tables) {
      const group = shown.get(table.file);
      group.table = table;
      moveTo(group, this.x(table.smallest) - this.column / 2, y);
      const marks = {input: focus.inputs, output: focus.outputs, asked: focus.asked};
      for (const [name, files] of Object.entries(marks)) group.classList.toggle(name, (files || []).includes(table.file));
      group.classList.toggle('answer', Boolean(focus.answer) && focus.answer.file === table.file);
      group.setAttribute('aria-label', tableText(table).join(', '));
    }
  }

  beginTable(table, y) {
    const group = make('g', {class: 'table', tabindex: 0, role: 'img', 'data-file': table.file}, this.layers.tables);
    const width = this.x(table.largest) - this.x(table.smallest) + this.column;
    make('rect', {width: width - 1, x: 0.5, height: TABLE, rx: 4}, group);
    if (width > 26) make('text', {x: 5, y: 11}, group, '#' + table.file);
    moveTo(group, this.x(table.smallest) - this.column / 2, y);
    this.tip.on(group, () => tableText(group.table));
    return group;
  }

  drawEntries(places, log, fates, focus) {
    const wanted = new Map(places.map((place) => [entryName(place.entry), place]));
    const shown = this.sync('entries', wanted, ({entry, x}, name) => {
      const group = make('g', {class: 'entry'}, this.layers.entries);
      const r = this.radius;
      make('circle', {r}, group);
      if (entry.deleted) make('path', {d: `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`}, group);
      const nth = log.findIndex((each) => entryName(each) === name);  // from its record, where it has one
      moveTo(group, nth < 0 ? x : this.margin + (nth + 0.5) * this.chip.width, this.rows.get('log').y + 11);
      this.tip.on(group, () => entryText(this.model, entry, group.dataset.fate));
      group.classList.toggle('deleted', entry.deleted);
      group.dataset.name = name;
      return group;
    });
    for (const {entry, x, nth, versions, y, height} of places) {
      const group = shown.get(entryName(entry));
      const count = versions.get(entry.key);
      const step = Math.min(STACK, (height - 14) / Math.max(1, count - 1));
      moveTo(group, x, y + height / 2 + 5 + (nth - (count - 1) / 2) * step);
      group.dataset.fate = fates.get(entryName(entry));
      group.classList.toggle('focus', focus.entry === entryName(entry));
    }
  }

  // A read's way: from the memtable down to what answers, or past everything.
  drawBeam(places, focus) {
    this.layers.beam.replaceChildren();
    for (const [key, label] of this.keyLabels) label.classList.toggle('focus', key === focus.key);
    if (!focus.answer) return;
    const x = this.x(focus.key);
    const top = this.rows.get('memtable').y;
    const found = focus.entry && places.find((place) => entryName(place.entry) === focus.entry);
    const bottom = found ? found.y + found.height / 2 : this.keysY - 4;
    const beam = make('line', {x1: x, x2: x, y1: top, y2: bottom}, this.layers.beam);
    beam.style.setProperty('--length', bottom - top);
    beam.classList.toggle('absent', !found);
  }

  drawFigures({state, focus}) {
    for (const row of this.rows.values()) row.box.classList.toggle('focus', focus.row === row.id);
    const say = (id, text) => { this.rows.get(id).figures.textContent = text; };
    say('log', state.log.length > 0 ? counted(state.log.length, 'record') + ' not yet in a table' : 'empty');
    const memtable = counted(state.memtable.length, 'entry', 'entries');
    const snapshot = state.snapshot === null ? '' : `; snapshot at number ${state.snapshot}`;
    say('memtable', state.open ? memtable + snapshot : 'closed');
    say('frozen', state.frozen.length > 0 ? counted(state.frozen[0].length, 'entry', 'entries') : 'none');
    for (const level of this.model.levelsUsed) {
      const [tables, bytes] = state.levels(LEVELS)[level];
      say(level, tables > 0 ? `${counted(tables, 'table')}, ${bytesOf(bytes)}` : 'empty');
      const {figures} = this.rows.get(level);
      Object.assign(figures.dataset, {level, tables, bytes});
    }
  }
}
