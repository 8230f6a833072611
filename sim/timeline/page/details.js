// SPDX-License-Identifier: Apache-2.0
// What the panel says of one record, of a file, and of the failure. Text goes in as text alone.

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === 'onclick') made.addEventListener('click', value);
    else if (key === 'class') made.className = value;
    else made.setAttribute(key, value);
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    made.append(child);
  }
  return made;
}

function facts(pairs) {
  const list = element('dl');
  for (const pair of pairs) {
    if (!pair || pair[1] === null || pair[1] === undefined || pair[1] === '') continue;
    list.append(element('dt', null, pair[0]), element('dd', null, pair[1]));
  }
  return list;
}

class Details {
  constructor(model, go) {
    this.model = model;
    this.go = go;   // (record): selects it and shows it
    this.goFile = null;
  }

  jump(record, text) {
    return element('button', {class: 'jump', onclick: () => this.go(record)}, text || record.title);
  }

  moment(record) {
    const {model} = this;
    const text = (order) => 'event ' + model.events[order] + ', ' + stamp(model.ns[order]) + ' s';
    return [['when', text(record.begin)],
      record.end > record.begin && ['until', text(record.end) + ' (' + duration(model.ns[record.end] - model.ns[record.begin]) + ')']];
  }

  ofRecord(record) {
    const box = element('div');
    if (!record) {
      box.append(element('p', {class: 'faint'}, 'Nothing is selected. Click something in the lanes, or use the arrow keys there.'));
      return box;
    }
    box.append(element('h2', null, record.title));
    box.append(facts([['kind', KIND_NAME[record.kind] || record.kind],
      ['where', this.model.laneName(record) + (record.life ? ', life ' + record.life : '')], ...this.moment(record)]));
    if (record.kind === 'call') this.addCall(box, record);
    if (record.told) this.addMessage(box, record);
    if (record.kind === 'ask') box.append(facts([['asked', record.what], ['outcome', record.outcome]]));
    if (record.kind === 'role') box.append(facts([['role', record.role], ['term', String(record.term)]]));
    if (record.lane && record.lane.type === 'node') this.addLog(box, record);
    if (record.kind === 'crash' && record.power) this.addCut(box, record.cut);
    if (record.kind === 'cut') {
      box.append(element('p', null, this.jump(record.cutOf, 'the power cut')));
      this.addCut(box, record.parts);
    }
    if (record.call) box.append(element('h3', null, 'Within the call'), element('p', null, this.jump(record.call)));
    if (record.kind === 'operation') this.addOperation(box, record);
    if (record.kind === 'verdict') box.append(this.ofFailure());
    const file = this.fileOf(record);
    if (record.kind === 'state') this.addState(box, file, record.state);
    else if (file) this.addFile(box, file, record.begin, record.end);
    return box;
  }

  fileOf(record) {
    if (record.lane && record.lane.type === 'file') return record.lane;
    if (record.kind !== 'call' || !record.path) return null;
    const host = record.lane.host;
    return this.model.fileOf(host, record.path, record.end + 1) || this.model.fileOf(host, record.path, record.begin);
  }

  addCall(box, call) {
    const ranged = HAS_RANGE.has(call.name) || call.name === 'append';
    box.append(facts([['file', call.path], ['to', call.other], ['offset', ranged ? String(call.offset) : null],
      ['length', ranged ? String(call.length) : null],
      ['result', element('span', {class: call.failed || call.never ? 'bad' : ''}, call.outcome)],
      ['struck at', call.struck]]));
    if (call.never) {
      box.append(element('p', {class: 'bad'}, call.result === null
        ? 'The thread never came back from it: ' + call.never + '.' : 'It took effect; nobody heard of it: ' + call.never + '.'));
    }
    if (call.faults.length) {
      box.append(element('h3', null, 'Faults that struck in it'));
      for (const fault of call.faults) box.append(element('p', {class: 'bad mono'}, fault));
    }
    if (call.steps.length > 1) {
      box.append(element('h3', null, 'Where another thread, or a crash, may come between'));
      for (const step of call.steps) {
        box.append(element('p', {class: 'mono'}, 'event ' + this.model.events[step.order] + '  ' + step.text));
      }
    }
  }

  addMessage(box, message) {
    const {told} = message;
    box.append(facts([['from', 'node ' + told.from], ['to', 'node ' + told.to], ['what', told.kind], ['term', String(told.term)],
      ['index', told.index ? String(told.index) : null], ['entries', told.count ? String(told.count) : null],
      ['round', told.round ? String(told.round) : null]]));
    if (message.lost) {
      box.append(element('p', {class: 'bad'}, 'Nobody heard it: it was lost, or its receiver was down, or the run ended before it came.'));
    }
  }

  // Where the logs of all nodes stood.
  addLog(box, record) {
    const names = ['node', 'role', 'term', 'last', 'on disk', 'committed', 'applied', 'dropped'];
    const table = element('table', {class: 'states'}, element('tr', null, names.map((name) => element('th', null, name))));
    for (const lane of this.model.lanes) {
      if (lane.type !== 'node') continue;
      const state = lane.logs.findLast((log) => log.order <= record.begin);
      const role = lane.roles.findLast((one) => one.begin <= record.begin && one.end >= record.begin);
      const cells = !state || state.down ? ['down'] : [role ? role.role : '', role ? role.term : '', state.last, state.durable,
        state.commit, state.applied, state.base];
      table.append(element('tr', {class: lane === record.lane ? 'here' : ''}, [lane.node, ...cells].map((text) => element('td', null, String(text)))));
    }
    box.append(element('h3', null, 'All nodes at that moment'), table);
  }

  addOperation(box, operation) {
    const calls = operation.lane.records.filter((record) => record.kind === 'call' &&
      record.begin >= operation.begin && record.end <= operation.end);
    if (calls.length === 0) return;
    box.append(element('h3', null, 'Its calls (' + calls.length + ')'));
    for (const call of calls.slice(0, 200)) box.append(element('div', null, this.jump(call)));
    if (calls.length > 200) box.append(element('p', {class: 'faint'}, 'and ' + (calls.length - 200) + ' more'));
  }

  addCut(box, parts) {
    box.append(element('h3', null, 'What had no sync, and what became of it'));
    if (!parts || parts.length === 0) {
      box.append(element('p', {class: 'faint'}, 'Nothing was un-synced.'));
      return;
    }
    const table = element('table', null, element('tr', null, ['file', 'un-synced', 'became'].map((name) => element('th', null, name))));
    for (const part of parts.slice(0, 500)) {
      const what = part.what + (part.end > part.first ? ' ' + rangeText(part.first, part.end) : '');
      table.append(element('tr', null, element('td', null, part.path || '(no name)'), element('td', null, what),
        element('td', {class: part.torn.length ? 'torn' : part.whole ? 'good' : 'bad'}, partText(part))));
    }
    box.append(table);
    if (parts.length > 500) box.append(element('p', {class: 'faint'}, 'and ' + (parts.length - 500) + ' more'));
  }

  addFile(box, file, begin, end) {
    const before = this.model.stateAt(file, begin - 1);
    const after = this.model.stateAt(file, this.settled(file, end));
    box.append(element('h3', null, (file.isDirectory ? 'Directory ' : 'File ') + (file.names.join(' \u2192 ') || '(no name)')));
    if (before && before !== after) {
      box.append(element('p', {class: 'faint'}, 'before'));
      this.addState(box, file, before);
      box.append(element('p', {class: 'faint'}, 'after'));
    }
    if (after) this.addState(box, file, after);
  }

  // States are told right behind what made them.
  settled(file, order) {
    const sights = this.model.data.sights;
    let at = order;
    while (at + 1 < sights.length && sights[at + 1][0] === SIGHT.FILE) ++at;
    return at;
  }

  addState(box, file, state) {
    const cls = stateClass(state);
    const list = (kind) => state.ranges.filter((range) => range.kind === kind)
      .map((range) => rangeText(range.first, range.end)).join(' ');
    box.append(facts([
      ['state', element('span', {class: cls === 'durable' ? 'good' : cls === 'dirty' ? 'bad' : ''}, STATE_NAME[cls])],
      ['name', state.path === state.durablePath ? state.path + ' (durable)' : (state.path || '(removed)') +
        (state.durablePath ? '; durable is ' + state.durablePath : '; a power cut may take the name')],
      !file.isDirectory && ['size', state.size + (state.durableSize === state.size ? ', durable' : '; durable is ' + state.durableSize)],
      ['un-synced', state.pending > 0 ? state.pending + (file.isDirectory ? ' changes of names' : ' operations') : null],
      ['dirty', list(RANGE.DIRTY)], ['in flight', list(RANGE.IN_FLIGHT)]]));
    if (!file.isDirectory && Math.max(state.size, state.durableSize) > 0) box.append(fileMap(state));
  }

  ofFailure() {
    const {model} = this;
    const {data} = model;
    const box = element('div');
    const ok = data.verdict.signature === 'ok';
    box.append(element('h2', {class: ok ? 'good' : 'bad'}, ok ? 'The run ended well' : data.verdict.signature));
    if (!ok) box.append(element('p', null, data.verdict.message));
    if (data.recorded.signature !== data.verdict.signature) {
      box.append(element('p', {class: 'bad'}, 'Recorded was: ' + data.recorded.signature), element('p', null, data.recorded.message));
    }
    if (data.diverged_at !== null) {
      box.append(element('p', {class: 'bad'}, 'The run left its recording at event ' + data.diverged_at + '.'));
    }
    if (data.stack) box.append(element('h3', null, 'Stack'), element('pre', null, data.stack));
    if (data.error_text) box.append(element('h3', null, 'It wrote'), element('pre', null, data.error_text));
    const story = model.records.filter((record) => this.isStory(record));
    box.append(element('h3', null, model.cluster.there
      ? 'The story: leaders, nodes that were down, cut off or stood still, logs that were cut, calls without an answer'
      : 'The story: lives, crashes, faults, failed operations, and what the model said'));
    const table = element('table');
    const shown = story.slice(-300);
    if (shown.length < story.length) box.append(element('p', {class: 'faint'}, 'The last 300 of ' + story.length + '.'));
    let alike = 0;   // failed operations in a row
    for (const [i, record] of shown.entries()) {
      alike = record.kind === 'operation' || record.kind === 'ask' ? alike + 1 : 0;
      if (alike > 3) {
        const next = shown[i + 1];
        if (!next || next.kind !== record.kind) {
          table.append(element('tr', null, element('td'), element('td', {class: 'faint'}, 'and ' + (alike - 3) + ' more operations that failed')));
        }
        continue;
      }
      const lost = record.power && record.cut.filter((part) => !part.whole);
      table.append(element('tr', null, element('td', {class: 'faint'}, String(model.events[record.begin])),
        element('td', null, this.jump(record), lost && lost.slice(0, 8).map((part) => element('div', {class: part.torn.length ? 'torn' : 'bad'},
          '\u2003' + (part.path || '(no name)') + ': ' + part.what +
          (part.end > part.first ? ' ' + rangeText(part.first, part.end) : '') + ' ' + partText(part))),
        lost && lost.length > 8 && element('div', {class: 'faint'}, '\u2003and ' + (lost.length - 8) + ' more'))));
    }
    box.append(table);
    box.append(element('h3', null, 'Again'), element('pre', null,
      data.program + ' replay ' + data.artifact + ' --timeline\n' + data.program + ' shrink ' + data.artifact + ' -o smaller.json'));
    return box;
  }

  isStory(record) {
    if (record.kind === 'verdict' || record.kind === 'model') return true;
    if (this.model.cluster.there) {
      if (record.kind === 'ask') return record.outcome === 'unknown' || record.outcome === 'not answered';
      return record.leads || (['down', 'up', 'pause', 'partition', 'log'].includes(record.kind) && record.lane.type !== 'client');
    }
    return ['crash', 'process', 'fault', 'partition', 'pause'].includes(record.kind) ||
      (record.kind === 'operation' && (record.failed || record.never));
  }

  ofRun() {
    const {data} = this.model;
    const box = element('div');
    box.append(element('h2', null, data.scenario + ', seed ' + data.seed), facts([['artifact', data.artifact],
      ['verdict', data.verdict.signature], ['recorded', data.recorded.signature], ['policy', data.policy],
      ['hash', data.crashed ? null : data.hash], ['events', String(data.events)], ['virtual time', stamp(data.virtual_ns) + ' s'],
      ['seen', data.sights.length + data.left_out + (data.left_out ? ', ' + data.left_out + ' left out' : '')],
      ['recorded by', data.build]]));
    const table = (title, pairs) => {
      if (pairs.length > 0) box.append(element('h3', null, title), facts(pairs));
    };
    table('Faults that struck', Object.entries(data.faults).filter(([, count]) => count > 0).map(([name, count]) => [name, String(count)]));
    table('Options', Object.entries(data.options));
    return box;
  }
}

const KIND_NAME = {call: 'call', operation: 'operation', fault: 'fault that struck', choice: 'choice', buggify: 'rare branch taken',
  failpoint: 'failpoint passed', event: 'event of the code', switch: 'switch', crash: 'crash', cut: 'power cut', process: 'process',
  state: 'state of a file', model: 'the model', verdict: 'the verdict', note: 'note', role: 'role of a node',
  message: 'message', heartbeat: 'message', partition: 'partition', pause: 'pause', ask: 'call of a client', log: 'log', indexes: 'log',
  down: 'node down', up: 'node up'};

const LEGEND = [['--read', 'reads'], ['--write', 'writes'], ['--sync', 'syncs'], ['--name', 'opens and names'],
  ['--other', 'other calls'], ['--run', 'runs'], ['--good', 'file: durable'], ['--dirty', 'file: un-synced'],
  ['--flight', 'file: writes in flight'], ['--lost', 'at a power cut: lost'], ['--torn', 'at a power cut: torn'],
  ['--crash', 'line: crash (dashed: kill)']];

function legend() {
  return element('div', {class: 'legend'}, LEGEND.map(([color, name]) => element('span', null,
    element('i', {style: 'background: var(' + color + ')'}), name)));
}

function partText(part) {
  if (part.whole) return 'kept';
  if (!part.kept) return 'lost';
  const ranges = (list) => list.map((range) => rangeText(range.first, range.end)).join(' ');
  return [part.keptRanges.length && 'kept ' + ranges(part.keptRanges), part.torn.length && 'torn ' + ranges(part.torn)]
    .filter(Boolean).join(', ') || 'kept in part';
}

function duration(ns) {
  if (ns < 1e3) return ns + ' ns';
  if (ns < 1e6) return (ns / 1e3).toFixed(1) + ' \u00b5s';
  return ns < 1e9 ? (ns / 1e6).toFixed(2) + ' ms' : (ns / 1e9).toFixed(3) + ' s';
}

// A file from its first byte to its last: what is durable, dirty, in flight.
function fileMap(state) {
  const canvas = element('canvas', {class: 'map', 'aria-hidden': 'true'});
  canvas.width = 600;
  canvas.height = 20;
  const g = canvas.getContext('2d');
  const style = getComputedStyle(document.documentElement);
  const end = Math.max(state.size, state.durableSize, ...state.ranges.map((range) => range.end), 1);
  const fill = (name, from, to) => {
    g.fillStyle = style.getPropertyValue(name).trim();
    g.fillRect(from / end * 600, 0, Math.max((to - from) / end * 600, 1.5), 20);
  };
  fill('--good', 0, Math.min(state.durableSize, end));
  for (const range of state.ranges) fill(range.kind === RANGE.DIRTY ? '--dirty' : '--flight', range.first, Math.min(range.end, end));
  return canvas;
}
