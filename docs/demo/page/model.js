// SPDX-License-Identifier: Apache-2.0
// Lines of the recording to steps: each is one thing to see, and the whole state after it. No drawing
// and no sentences here.

const entryName = (entry) => entry.key + '@' + entry.sequence;

// What there is at a step. Copied before each change: steps share nothing that changes.
class State {
  constructor() {
    this.open = false;
    this.log = [];        // entries that no table has, in their order
    this.memtable = [];   // entries
    this.frozen = [];     // memtables, oldest first
    this.tables = new Map();  // by file number
    this.snapshot = null;
    this.stats = null;
  }

  copy() {
    const other = Object.assign(new State(), this);
    other.log = [...this.log];
    other.memtable = [...this.memtable];
    other.frozen = this.frozen.map((entries) => [...entries]);
    other.tables = new Map(this.tables);
    return other;
  }

  // Newest data first where ranges overlap (level 0), by key elsewhere.
  level(number) {
    const tables = [...this.tables.values()].filter((table) => table.level === number);
    return number === 0 ? tables.sort((a, b) => b.newest - a.newest) : tables.sort((a, b) => (a.smallest < b.smallest ? -1 : 1));
  }

  // As Db::Stats counts: tables and bytes of each level.
  levels(count) {
    const counted = Array.from({length: count}, () => [0, 0]);
    for (const table of this.tables.values()) {
      counted[table.level][0] += 1;
      counted[table.level][1] += table.bytes;
    }
    return counted;
  }

  *entries() {
    yield* this.memtable;
    for (const entries of this.frozen) yield* entries;
    for (const table of this.tables.values()) yield* table.entries;
  }

  // What becomes of an entry if all is merged now: 'live', 'kept' for the snapshot, or 'hidden'.
  fates() {
    const newest = new Map(), kept = new Map(), fates = new Map();
    for (const {key, sequence} of this.entries()) {
      if (sequence > (newest.get(key) || 0)) newest.set(key, sequence);
      if (this.snapshot !== null && sequence <= this.snapshot && sequence > (kept.get(key) || 0)) kept.set(key, sequence);
    }
    for (const entry of this.entries()) {
      const {key, sequence} = entry;
      fates.set(entryName(entry), newest.get(key) === sequence ? 'live' : kept.get(key) === sequence ? 'kept' : 'hidden');
    }
    return fates;
  }
}

class Model {
  constructor(lines) {
    this.lines = lines;
    this.options = lines.find((line) => line.kind === 'options');
    this.steps = [];
    this.chapters = [];
    this.values = new Map();  // by sequence number
    this.state = new State();
    this.call = null;
    this.pending = [];   // events that the next step shows
    this.changes = [];   // of tables, that a compaction has told so far
    this.flushing = null;
    this.merge = null;   // compaction.began
    this.mismatches = 0;  // of the levels here and those of Db::Stats
    lines.forEach((line, at) => this.take(line, at));
    const written = lines.filter((line) => line.kind === 'call' && 'key' in line).map((line) => line.key);
    this.keys = [...new Set(written)].sort();
    const used = new Set([0]);
    for (const step of this.steps) for (const table of step.state.tables.values()) used.add(table.level);
    this.levelsUsed = [...used].sort((a, b) => a - b);
    const most = (count) => Math.max(1, ...this.steps.map((step) => count(step.state)));
    this.level0Most = most((state) => state.level(0).length);
    this.logMost = most((state) => state.log.length);
  }

  take(line, at) {
    if (line.kind === 'chapter') this.chapters.push({title: line.title, step: this.steps.length});
    if (line.kind === 'call') this.call = line;
    if (line.kind === 'result') this.result(line);
    if (line.kind === 'event') this.event(line, at);
    if (line.kind === 'entries') this.filled(line);
    if (line.kind === 'stats') this.counted(line);
  }

  // kind: the button that leads to it, if it begins what that button is for. focus: what to point at.
  step(type, kind, facts, focus = {}) {
    const state = this.state.copy();
    this.steps.push({type, kind, facts, focus, state, events: this.pending, call: this.call,
                     chapter: this.chapters.length - 1});
    this.pending = [];
  }

  event(line, at) {
    const {name, fields} = line;
    const {state} = this;
    this.pending.push(line);
    if (name === 'write.sequenced') this.write(fields.first);
    if (name === 'memtable.frozen') {
      state.frozen.push(state.memtable);
      state.memtable = [];
      this.step('frozen', fields.reason === 'asked' ? 'flush' : null, fields, {row: 'frozen'});
    }
    if (name === 'flush.began') {
      this.flushing = fields.file;
      this.step('flush', 'flush', fields, {row: 'frozen'});
    }
    if (name === 'table.removed' || name === 'table.added') this.changed(line);
    if (name === 'compaction.began') {
      this.merge = {...fields, files: this.inputsAfter(at)};
      this.step('merging', 'compact', this.merge, {inputs: this.merge.files});
    }
    if (name === 'compaction.finished') {
      const added = this.applyChanges();
      this.step('merged', null, {...fields, began: this.merge}, {outputs: added});
    }
    if (name === 'compaction.moved') {
      const added = this.applyChanges();
      this.step('moved', 'compact', {...fields, file: added[0]}, {outputs: added});
    }
    if (name === 'open.recovered') {
      state.open = true;
      state.memtable = [...state.log];
      this.step(state.tables.size + state.log.length > 0 ? 'recovered' : 'created', null, fields, {row: 'memtable'});
    }
  }

  write(sequence) {
    const {call, key, value} = this.call;
    const entry = {key, sequence, deleted: call === 'delete'};
    this.values.set(sequence, value || null);
    this.state.log.push(entry);
    this.state.memtable.push(entry);
    this.step(call, call, {key, value, sequence}, {key, entry: entryName(entry)});
  }

  inputsAfter(at) {
    const files = [];
    for (const line of this.lines.slice(at)) {
      if (line.name === 'table.removed') files.push(line.fields.file);
      if (line.name === 'compaction.finished' || line.name === 'compaction.failed') break;
    }
    return files;
  }

  changed({name, fields}) {
    if (name === 'table.removed') return this.changes.push({removed: fields.file});
    const table = {file: fields.file, level: fields.level, bytes: fields.size_bytes, deletes: fields.deletes};
    this.changes.push({added: table});
  }

  // The line after "table.added": what the file holds.
  filled({file, entries}) {
    const {added: table} = this.changes[this.changes.length - 1];
    if (table.file !== file) throw new Error('entries of another table');
    table.entries = entries.map(([key, sequence, deleted]) => ({key, sequence, deleted}));
    table.smallest = table.entries[0].key;
    table.largest = table.entries[entries.length - 1].key;
    table.newest = Math.max(...table.entries.map((entry) => entry.sequence));
    if (file !== this.flushing) return;
    this.changes.pop();
    this.flushing = null;
    const {state} = this;
    state.frozen.shift();
    state.log = state.log.filter((entry) => entry.sequence > table.newest);
    state.tables.set(file, table);
    this.step('flushed', null, table, {outputs: [file]});
  }

  applyChanges() {
    const added = [];
    for (const change of this.changes) {
      if (change.removed !== undefined) this.state.tables.delete(change.removed);
      if (change.added) this.state.tables.set(change.added.file, change.added);
      if (change.added) added.push(change.added.file);
    }
    this.changes = [];
    return added;
  }

  result(line) {
    const {state} = this;
    if (line.call === 'get') return this.step('get', 'get', line, this.search(line));
    if (line.call === 'snapshot') state.snapshot = line.sequence;
    if (line.call === 'release') state.snapshot = null;
    if (line.call === 'close') Object.assign(state, {open: false, memtable: [], frozen: []});
    if (['snapshot', 'release', 'close'].includes(line.call)) this.step(line.call, null, line);
  }

  // Newest first, as reads do: which tables have the key in their range, down to the one that answers.
  search({key, answer}) {
    const focus = {key, asked: [], answer};
    if (answer.sequence !== undefined) focus.entry = entryName({key, sequence: answer.sequence});
    if (answer.from === 'memtable') return focus;
    const levels = [...new Set([...this.state.tables.values()].map((table) => table.level))].sort();
    for (const level of levels) {
      for (const table of this.state.level(level)) {
        if (table.smallest > key || table.largest < key) continue;
        if (table.file === answer.file) return focus;
        focus.asked.push(table.file);
      }
    }
    return focus;
  }

  counted(line) {
    this.state.stats = line;
    const here = JSON.stringify(this.state.levels(line.levels.length));
    if (here !== JSON.stringify(line.levels)) this.mismatches += 1;
    const last = this.steps[this.steps.length - 1];
    if (last) last.state.stats = line;
  }
}
