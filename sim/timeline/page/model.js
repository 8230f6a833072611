// SPDX-License-Identifier: Apache-2.0
// The run, made of the rows that page_data.cc describes: records on lanes, files and their states,
// lives of processes, power cuts. An order is the number of a row: every row takes one step of it.

const SIGHT = {NOTE: 1, CALL: 2, RETURN: 3, OPERATION: 4, FILE: 5, CUT: 6, STRIKE: 7, PROCESS: 8, SHOWN: 9};
const RANGE = {DIRTY: 1, IN_FLIGHT: 2, KEPT: 3, TORN: 4};

const ERRNO = {1: 'EPERM', 2: 'ENOENT', 5: 'EIO', 11: 'EAGAIN', 12: 'ENOMEM', 13: 'EACCES', 16: 'EBUSY',
  17: 'EEXIST', 20: 'ENOTDIR', 21: 'EISDIR', 22: 'EINVAL', 24: 'EMFILE', 27: 'EFBIG', 28: 'ENOSPC',
  30: 'EROFS', 36: 'ENAMETOOLONG', 39: 'ENOTEMPTY', 122: 'EDQUOT', 125: 'ECANCELED'};

// What a call is about, for its color.
const CALL_CLASS = {'read': 'read', 'size': 'read', 'exists': 'read', 'list': 'read', 'free space': 'read',
  'write': 'write', 'append': 'write', 'submit write': 'write', 'truncate': 'write', 'allocate': 'write',
  'sync': 'sync', 'sync data': 'sync', 'sync directory': 'sync', 'wait for write': 'sync',
  'poll write': 'sync', 'rename': 'name', 'link': 'name', 'remove': 'name', 'create directory': 'name',
  'remove directory': 'name', 'open': 'name', 'close': 'other', 'lock': 'other'};

const HAS_RANGE = new Set(['read', 'write', 'submit write', 'wait for write', 'poll write']);

// How an Error of base/error.h begins, in the text of an operation.
const FAILED = /: (invalid argument|not found|already exists|io error|no space|unsupported|corruption|refused|busy|closed): /;

function errnoText(number) { return (ERRNO[number] || 'errno ' + number); }

function rangeText(first, end) { return '[' + first + ', ' + end + ')'; }

// Virtual seconds with every nanosecond.
function stamp(ns) {
  const seconds = Math.floor(ns / 1e9);
  return seconds + '.' + String(ns - seconds * 1e9).padStart(9, '0');
}

// Flat triples to {kind, first, end}.
function unflatten(flat) {
  const ranges = [];
  for (let i = 0; i + 2 < flat.length; i += 3) {
    ranges.push({kind: flat[i], first: flat[i + 1], end: flat[i + 2]});
  }
  return ranges;
}

class Model {
  constructor(data) {
    this.data = data;
    this.records = [];
    this.ns = new Float64Array(data.sights.length + 1);
    this.events = new Float64Array(data.sights.length + 1);
    this.lanes = [];          // as drawn, top to bottom
    this.hosts = new Map();   // name to {name, lane, lives, files, threads}
    this.failure = null;
    this.threadLanes = data.lanes.map(([host, thread]) => this.addThread(host, thread));
    this.openCalls = new Map();       // lane to record
    this.openOperations = new Map();
    this.pendingCuts = new Map();     // host to parts
    this.lastEnd = new Map();         // host to how its last process ended
    this.cluster = new ClusterStory(this);
    data.sights.forEach((row, order) => this.take(row, order));
    this.finish();
  }

  text(number) { return this.data.texts[number]; }

  host(name) {
    if (!this.hosts.has(name)) {
      const lane = {type: 'host', host: name, label: name || 'harness', records: []};
      this.hosts.set(name, {name, lane, lives: [], files: new Map(), threads: []});
    }
    return this.hosts.get(name);
  }

  addThread(host, thread) {
    const of = this.host(this.text(host));
    const lane = {type: 'thread', host: of.name, label: this.text(thread) || '(machine)', records: [],
      runs: [], hasOperations: false};
    of.threads.push(lane);
    return lane;
  }

  file(hostName, id) {
    const host = this.host(hostName);
    if (!host.files.has(id)) {
      host.files.set(id, {type: 'file', host: hostName, id, label: '', names: [], records: [], states: []});
    }
    return host.files.get(id);
  }

  add(record) {
    record.id = this.records.length;
    record.end = record.end === undefined ? record.begin : record.end;
    this.records.push(record);
    if (record.lane) record.lane.records.push(record);
    return record;
  }

  take(row, order) {
    this.events[order] = row[1];
    this.ns[order] = Math.max(row[2], order > 0 ? this.ns[order - 1] : 0);  // what is shown may be ahead
    switch (row[0]) {
      case SIGHT.FILE: return this.takeFile(row, order);
      case SIGHT.CUT: return this.takeCut(row);
      case SIGHT.PROCESS: return this.takeProcess(row, order);
      case SIGHT.SHOWN: return this.cluster.take(row, order);
    }
    const lane = this.threadLanes[row[3]];
    const life = row[4];
    const last = lane.runs[lane.runs.length - 1];
    const previous = last ? last.end - 1 : order;
    if (this.running === lane && last) last.end = order + 1;
    else lane.runs.push({begin: order, end: order + 1});
    if (this.running && this.running !== lane && this.leftBySwitch) this.leftBySwitch.to = lane;
    this.leftBySwitch = null;
    this.running = lane;
    switch (row[0]) {
      case SIGHT.CALL: return this.takeCall(row, order, lane, life);
      case SIGHT.RETURN: return this.takeReturn(row, order, lane);
      case SIGHT.OPERATION: {
        lane.hasOperations = true;
        this.endUntold(lane, previous);
        const operation = this.add({kind: 'operation', lane, life, begin: order, end: null, title: '(under way)',
          open: true});
        this.openOperations.set(lane, operation);
        return;
      }
      case SIGHT.STRIKE: {
        const where = this.text(row[5]);
        const call = this.openCalls.get(lane);
        if (call) call.struck = where;
        this.add({kind: 'crash', lane, life, begin: order, title: 'an armed crash strikes at ' + where});
        return;
      }
      case SIGHT.NOTE: return this.takeNote(row, order, lane, life);
    }
  }

  takeCall(row, order, lane, life) {
    const name = this.text(row[5]);
    const record = this.add({kind: 'call', lane, life, begin: order, end: null, name, path: this.text(row[6]),
      offset: row[7], length: row[8], other: this.text(row[9]), faults: [], steps: [], result: null, open: true});
    this.openCalls.set(lane, record);
  }

  takeReturn(row, order, lane) {
    const call = this.openCalls.get(lane);
    if (!call) return;  // it began in what is left out
    this.openCalls.delete(lane);
    call.end = order;
    call.open = false;
    call.result = row[5];
    if (call.name === 'append' && call.result >= 0) call.offset = call.result;
  }

  takeNote(row, order, lane, life) {
    const kind = this.text(row[5]);
    const text = this.text(row[6]);
    const call = this.openCalls.get(lane);
    switch (kind) {
      case 'io':
        if (call) { call.steps.push({order, text}); return; }
        this.add({kind: 'call', lane, life, begin: order, name: text, path: '', offset: 0, length: 0, other: '',
          faults: [], steps: [], result: 0});
        return;
      case 'switch':
        this.leftBySwitch = this.add({kind: 'switch', lane, life, begin: order, title: text});
        return;
      case 'operation': return this.endOperation(order, lane, life, text);
      case 'process': return;  // told better by its own sight
      case 'node.left': {
        const [, node, why] = text.match(/^node (\d+): (.*)$/s) || [];
        if (node) this.cluster.asides.set(Number(node), why);
        break;
      }
      case 'fault':
        if (text.startsWith('crash.power_loss')) return this.takePowerLoss(order, lane, life, text);
        if (text.startsWith('crash.kill')) return;  // the end of the process says it
        if (call) call.faults.push(text);
        this.add({kind: 'fault', lane, life, begin: order, title: text, call: call || null});
        return;
      case 'verdict':
        this.failure = this.add({kind: 'verdict', lane: this.cluster.laneOfFailure(lane), life, begin: order, title: text});
        return;
    }
    const known = ['choice', 'buggify', 'failpoint', 'event', 'model'].includes(kind);
    this.add({kind: known ? kind : 'note', lane, life, begin: order,
      title: known ? text : kind + ' ' + text, call: kind === 'choice' ? call || null : null});
  }

  endOperation(order, lane, life, text) {
    lane.hasOperations = true;
    const open = this.openOperations.get(lane);
    this.openOperations.delete(lane);
    const failed = FAILED.test(text);
    if (open) {
      open.end = order;
      open.open = false;
      open.title = text;
      open.failed = failed;
      return;
    }
    this.add({kind: 'operation', lane, life, begin: order, title: text, failed});
  }

  // One of which the scenario says nothing when it has returned: until the thread's last step.
  endUntold(lane, order) {
    const open = this.openOperations.get(lane);
    if (!open) return;
    this.openOperations.delete(lane);
    open.end = Math.max(open.begin, order);
    open.open = false;
    open.untold = true;
    open.title = '(an operation of which nothing is said)';
  }

  takePowerLoss(order, lane, life, text) {
    const name = (text.match(/ on (.*?): kept /) || [])[1] || '';
    this.cluster.woken.push({host: name, order});
    const parts = this.pendingCuts.get(name) || [];
    this.pendingCuts.delete(name);
    const host = this.host(name);
    const record = this.add({kind: 'crash', lane: host.lane, from: lane, life, begin: order, host: name,
      title: text.replace('crash.power_loss', 'power loss'), cut: parts, power: true});
    const marks = new Map();   // by file
    for (const part of parts) {
      // A name is a matter of its directory, and of the file that it leads to.
      const files = [host.files.get(part.file), part.isName ? this.fileOf(name, part.path, order) : null];
      for (const file of files.filter(Boolean)) {
        if (!marks.has(file)) {
          marks.set(file, this.add({kind: 'cut', lane: file, begin: order, cutOf: record, parts: [], title: ''}));
        }
        marks.get(file).parts.push(part);
      }
    }
  }

  takeCut(row) {
    const host = this.text(row[3]);
    const ranges = unflatten(row[10]);
    const part = {file: row[4], path: this.text(row[5]), what: this.text(row[6]), first: row[7],
      end: row[7] + row[8], kept: row[9] !== 0, keptRanges: ranges.filter((range) => range.kind === RANGE.KEPT),
      torn: ranges.filter((range) => range.kind === RANGE.TORN)};
    const name = part.what.match(/^(name|unname) (.*)$/s);
    if (name) {
      part.isName = true;
      part.path = (part.path ? part.path + '/' : '') + name[2];
      part.what = name[1] === 'name' ? 'its name' : 'its removal';
    }
    part.whole = part.kept && part.torn.length === 0 && (part.what !== 'write' ||
      part.keptRanges.reduce((sum, range) => sum + range.end - range.first, 0) === part.end - part.first);
    if (!this.pendingCuts.has(host)) this.pendingCuts.set(host, []);
    this.pendingCuts.get(host).push(part);
  }

  takeFile(row, order) {
    const file = this.file(this.text(row[3]), row[4]);
    const state = {order, type: this.text(row[5]), path: this.text(row[6]), durablePath: this.text(row[7]),
      size: row[8], durableSize: row[9], pending: row[10], ranges: unflatten(row[11])};
    const name = state.path || state.durablePath;
    if (name && file.names[file.names.length - 1] !== name) file.names.push(name);
    if (name) file.label = name;
    if (state.type === 'directory') file.isDirectory = true;
    file.states.push(state);
  }

  takeProcess(row, order) {
    const host = this.host(this.text(row[3]));
    const [life, how, name, id] = [row[4], this.text(row[5]), this.text(row[6]), row[7]];
    if (how === 'started') {
      const record = this.add({kind: 'process', lane: host.lane, life, begin: order, end: null, open: true,
        title: 'life ' + life + ': ' + name + ' (process ' + id + ')', how: ''});
      host.lives.push(record);
      return;
    }
    let record = host.lives.find((old) => old.life === life);
    if (!record) {
      record = this.add({kind: 'process', lane: host.lane, life, begin: 0, title: 'life ' + life + ': ' + name});
      host.lives.push(record);
    }
    record.end = order;
    record.open = false;
    record.how = how;
    this.lastEnd.set(host.name, how);
    this.cluster.processEnded(host.name, order);
    for (const lane of how === 'exited' ? host.threads : []) {
      const last = lane.runs[lane.runs.length - 1];
      if (last) this.endUntold(lane, last.end - 1);
    }
    for (const open of [this.openCalls, this.openOperations]) {
      for (const [lane, call] of open) {
        if (lane.host !== host.name) continue;
        call.end = order;
        call.open = false;
        call.never = how;
        open.delete(lane);
      }
    }
    if (how === 'exited') return;
    this.add({kind: 'crash', lane: host.lane, life, begin: order, title: 'process ' + id + ' ' + how,
      host: host.name, kill: true});
  }

  finish() {
    const rows = this.data.sights.length;
    this.length = Math.max(rows, 1);
    this.ns[rows] = rows > 0 ? this.ns[rows - 1] : 0;
    this.events[rows] = rows > 0 ? this.events[rows - 1] : 0;
    this.lanes.push(...this.cluster.finish());
    for (const record of this.records) {
      if (record.end === null) record.end = this.length - 1;
      if (record.kind === 'call') this.describeCall(record);
      if (record.kind === 'operation' && record.never) record.title = '(never returned: ' + record.never + ')';
      if (record.kind === 'process' && record.how) record.title += ', ' + record.how;
      if (record.kind === 'cut') record.title = this.describeCut(record);
      if (record.kind === 'switch' && record.to) record.title = 'to ' + record.to.label + ' (' + record.title + ')';
    }
    const bad = this.data.verdict.signature !== 'ok';
    if (bad && !this.failure) {
      this.failure = this.add({kind: 'verdict', lane: this.cluster.laneOfFailure(this.running || null), life: 0, begin: this.length - 1,
        title: this.data.verdict.signature + ': ' + this.data.verdict.message});
    }
    for (const host of this.hosts.values()) {
      if (host.name !== '') this.lanes.push(host.lane);
      this.lanes.push(...host.threads);
      this.lanes.push(...host.files.values());
    }
    for (const lane of this.lanes) {
      if (lane.type === 'file') this.addStates(lane);
    }
    for (const lane of this.lanes) lane.records.sort((a, b) => a.begin - b.begin || a.id - b.id);
    this.records.sort((a, b) => a.begin - b.begin || a.id - b.id);
    this.records.forEach((record, index) => { record.id = index; });
  }

  // Records of their lane alone, to be selected there.
  addStates(file) {
    file.states.forEach((state, i) => {
      const next = i + 1 < file.states.length ? file.states[i + 1].order : this.length;
      const cls = stateClass(state);
      if (cls === 'gone') return;
      file.records.push({kind: 'state', id: -1, lane: file, begin: state.order, end: Math.max(state.order, next - 1), state,
        title: (state.path || state.durablePath) + ': ' + STATE_NAME[cls]});
    });
  }

  describeCall(call) {
    let title = call.name + (call.path ? ' ' + call.path : '');
    if (call.other) title += ' \u2192 ' + call.other;
    if (HAS_RANGE.has(call.name)) title += ' ' + rangeText(call.offset, call.offset + call.length);
    else if (call.name === 'append') title += ' +' + call.length;
    else if (call.name === 'truncate' || call.name === 'allocate') title += ' to ' + call.length;
    call.failed = call.result !== null && call.result < 0;
    call.outcome = call.result === null ? (call.never ? 'never returned: ' + call.never : 'under way at the end')
      : call.failed ? errnoText(-call.result)
        : call.name === 'read' ? call.result + ' bytes'
          : call.name === 'append' ? 'at ' + call.result
            : call.name === 'exists' ? (call.result ? 'yes' : 'no')
              : call.name === 'poll write' ? (call.result ? 'done' : 'not yet')
                : ['size', 'list', 'free space'].includes(call.name) ? String(call.result) : 'ok';
    call.title = title + ': ' + call.outcome;
  }

  describeCut(record) {
    const of = record.parts;
    const whole = of.filter((part) => part.whole).length;
    const torn = of.reduce((sum, part) => sum + part.torn.length, 0);
    const lost = of.filter((part) => !part.kept).length;
    record.lost = lost;
    record.torn = torn;
    record.partly = of.length - whole - lost;
    return 'power cut: of ' + of.length + ' un-synced: ' + whole + ' kept' +
      (record.partly ? ', ' + record.partly + ' in part' : '') + ', ' + lost + ' lost' +
      (torn ? ', ' + torn + ' sectors torn' : '');
  }

  // The last order at or before that time.
  orderOfNs(ns) {
    let low = 0, high = this.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.ns[middle] <= ns) low = middle; else high = middle - 1;
    }
    return low;
  }

  // The state of a file at that order, or null.
  stateAt(file, order) {
    let low = 0, high = file.states.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (file.states[middle].order <= order) low = middle + 1; else high = middle;
    }
    return low === 0 ? null : file.states[low - 1];
  }

  // A file by the name that a program uses, as of that order.
  fileOf(host, path, order) {
    const clean = path.replace(/\/+/g, '/').replace(/^\.\/|\/$/g, '');
    let found = null;
    for (const file of this.host(host).files.values()) {
      const state = this.stateAt(file, order);
      if (state && (state.path === clean || (!state.path && state.durablePath === clean))) found = file;
    }
    return found;
  }

  laneName(record) {
    if (!record.lane) return '';
    return (record.lane.host && !record.lane.host.startsWith(' ') ? record.lane.host + ' / ' : '') + record.lane.label;
  }
}

const STATE_NAME = {durable: 'durable', dirty: 'un-synced: a power cut may take it', flight: 'writes in flight',
  unlinked: 'no name any more', gone: 'gone'};

// The worst that can be said of a file's state, for its color.
function stateClass(state) {
  if (state.type === 'gone') return 'gone';
  if (!state.path) return 'unlinked';
  if (state.ranges.some((range) => range.kind === RANGE.DIRTY) || state.pending > 0) return 'dirty';
  if (state.ranges.some((range) => range.kind === RANGE.IN_FLIGHT)) return 'flight';
  return 'durable';
}
