// SPDX-License-Identifier: Apache-2.0
// What a cluster shows (rows of SIGHT.SHOWN), made into records: of each node its role, its log, when it
// was down, stood still or was cut off; messages from one to the other; calls of clients. The words are
// those of docs/simulation.md, "What a cluster shows".

// Of the kinds of messages: how they are drawn.
const MESSAGE_CLASS = {'append': 'append', 'append accepted': 'reply', 'append refused': 'reply',
  'heartbeat': 'heartbeat', 'heartbeat reply': 'heartbeat', 'pre-vote': 'vote', 'pre-vote granted': 'vote',
  'pre-vote refused': 'vote', 'vote request': 'vote', 'vote granted': 'vote', 'vote refused': 'vote',
  'snapshot': 'snapshot', 'snapshot held': 'snapshot', 'snapshot refused': 'snapshot', 'campaign now': 'vote'};

// So many calls of one client's lane lie above each other, before they cover each other.
const CALL_ROWS = 4;

class ClusterStory {
  constructor(model) {
    this.model = model;
    this.nodes = new Map();       // number to lane
    this.clients = new Map();     // number to lane
    this.hostOf = new Map();      // node to host, where it has one of its own
    this.underWay = new Map();    // words of a message to those that are not heard yet
    this.heard = new Map();       // the same to the last one heard
    this.openCalls = new Map();
    this.ways = [];               // {from, to, begin, end}: names, of what was cut
    this.openWays = new Map();
    this.pauses = [];
    this.woken = [];              // {host, order}: its power was gone, and it starts again awake
    this.clientHost = null;
    this.asides = new Map();      // node to why it steps aside
    this.messages = [];           // in the order in which they were sent
    this.ofCores = model.data.scenario === 'raft-core';
  }

  get there() { return this.nodes.size > 0; }

  node(number) {
    if (!this.nodes.has(number)) {
      this.nodes.set(number, {type: 'node', host: ' nodes', label: 'node ' + number, node: number, records: [], roles: [],
        logs: []});
    }
    return this.nodes.get(number);
  }

  client(number) {
    if (!this.clients.has(number)) {
      const label = this.ofCores ? 'asked of node ' + (number + 1) : 'client ' + number;
      this.clients.set(number, {type: 'client', host: ' clients', label, records: [], rowEnds: [], rows: 1});
    }
    return this.clients.get(number);
  }

  take(row, order) {
    const {data} = this.model;
    const [name, ...fields] = data.shapes[row[5]];
    const told = {};
    fields.forEach((field, i) => { told[field] = row[6 + i]; });
    switch (name) {
      case 'cluster.up': return this.takeUp(told, order, data.texts[data.lanes[row[3]][0]]);
      case 'cluster.down': return this.takeDown(told, order);
      case 'cluster.role': return this.takeRole(told, order);
      case 'cluster.log': this.node(told.node).logs.push({order, ...told}); return;
      case 'cluster.truncated': return this.takeTruncated(told, order);
      case 'cluster.installed':
        this.model.add({kind: 'log', lane: this.node(told.node), begin: order, index: told.index, how: 'installed',
          title: 'node ' + told.node + ': a snapshot of all up to ' + told.index + ' (term ' + told.term + ') takes the place of its log'});
        return;
      case 'cluster.paused': this.pauses.push({node: told.node, begin: order, ns: told.ns}); return;
      case 'host.paused': this.pauses.push({host: told.host, begin: order, ns: told.ns}); return;
      case 'cluster.sent': return this.takeSent(told, order);
      case 'cluster.heard': return this.takeHeard(told, order);
      case 'cluster.asked':
        this.clientHost = data.texts[data.lanes[row[3]][0]] || null;
        return this.takeAsked(told, order);
      case 'cluster.answered': return this.endCall(told.client + ' ' + told.call, order, told.outcome, told.index);
      case 'net.cut': this.openWays.set(told.from + ' > ' + told.to, {from: told.from, to: told.to, begin: order}); return;
      case 'net.whole': return this.takeWhole(told, order);
    }
    this.model.add({kind: 'note', lane: this.model.threadLanes[row[3]], begin: order,
      title: name + fields.map((field, i) => ' ' + field + '=' + row[6 + i]).join('')});
  }

  // ---- nodes

  takeUp(told, order, host) {
    if (host) this.hostOf.set(told.node, host);
    const lane = this.node(told.node);
    if (lane.down) lane.down.end = order;
    if (lane.down) lane.down.open = false;
    lane.down = null;
    lane.lives = (lane.lives || 0) + 1;
    this.asides.delete(told.node);
    if (lane.lives > 1) {
      this.model.add({kind: 'up', lane, begin: order, life: lane.lives, title: lane.label + ' is up again, life ' + lane.lives});
    }
  }

  takeDown(told, order) {
    const lane = this.node(told.node);
    this.endRole(lane, order);
    if (this.ofCores) this.woken.push({host: told.node, order});
    const aside = this.asides.get(told.node);
    const how = aside !== undefined ? 'stepped aside: ' + aside
      : this.ofCores ? 'crashed' : this.model.lastEnd.get(this.hostOf.get(told.node)) || 'stopped';
    lane.logs.push({order, down: true});
    lane.down = this.model.add({kind: 'down', lane, begin: order, end: null, open: true, how, title: lane.label + ' is down: ' + how});
    if (!this.ofCores) return;
    for (const [key, call] of this.openCalls) {
      if (call.client === told.node - 1) this.endCall(key, order, 'unknown', 0, 'its node crashed');
    }
  }

  // The process of that host has ended; where it did so by itself nobody shows a stop.
  processEnded(host, order) {
    for (const [node, of] of this.hostOf) {
      const lane = this.node(node);
      if (of !== host || !lane.role) continue;
      this.endRole(lane, order);
      lane.logs.push({order, down: true});
    }
  }

  endRole(lane, order) {
    if (!lane.role) return;
    lane.role.end = order;
    lane.role.open = false;
    lane.role = null;
  }

  takeRole(told, order) {
    const lane = this.node(told.node);
    this.endRole(lane, order);
    const leads = told.role === 'leader';
    const of = leads ? '' : told.leader ? ', follows node ' + told.leader : ', knows of no leader';
    lane.role = this.model.add({kind: 'role', lane, begin: order, end: null, open: true, role: told.role, term: told.term,
      title: lane.label + ': ' + told.role + ' in term ' + told.term + (told.role === 'follower' ? of : ''), leads});
    lane.roles.push(lane.role);
  }

  takeTruncated(told, order) {
    const which = told.from === told.last ? 'entry ' + told.from : 'entries ' + told.from + ' to ' + told.last;
    this.model.add({kind: 'log', lane: this.node(told.node), begin: order, index: told.from, last: told.last, how: 'truncated',
      title: 'node ' + told.node + ' takes ' + which + ' back'});
  }

  // ---- messages

  wordsOf(told) {
    return [told.from, told.to, told.kind, told.term, told.index, told.count, told.round].join(' ');
  }

  takeSent(told, order) {
    const cls = MESSAGE_CLASS[told.kind] || 'other';
    const message = this.model.add({kind: cls === 'heartbeat' ? 'heartbeat' : 'message', lane: this.node(told.from),
      to: this.node(told.to), begin: order, end: null, cls, told, repeats: 0, title: ''});
    this.messages.push(message);
    const words = this.wordsOf(told);
    if (!this.underWay.has(words)) this.underWay.set(words, []);
    this.underWay.get(words).push(message);
  }

  // Two of the same words are told apart by nothing: the later one is taken, as what was said again was
  // mostly lost the first time.
  takeHeard(told, order) {
    const words = this.wordsOf(told);
    const waiting = this.underWay.get(words);
    const message = waiting && waiting.pop();
    if (message) {
      message.end = order;
      this.heard.set(words, message);
      return;
    }
    const before = this.heard.get(words);
    if (before) ++before.repeats;
  }

  describe(message) {
    const {told} = message;
    let what = told.kind;
    if (told.kind === 'append') {
      what = told.count === 0 ? 'append of nothing behind ' + told.index
        : told.count === 1 ? 'append of entry ' + (told.index + 1)
          : 'append of entries ' + (told.index + 1) + ' to ' + (told.index + told.count);
    } else if (told.kind === 'append accepted') what = 'append accepted up to ' + told.index;
    else if (told.kind === 'append refused') what = 'append behind ' + told.round + ' refused, has ' + told.index;
    else if (told.kind === 'heartbeat') what = 'heartbeat, committed ' + told.index;
    else if (told.kind.startsWith('lost entries')) what += ': ' + told.index + ' to ' + told.count;
    else if (told.kind === 'vote request' || told.kind === 'pre-vote') what += ', its log ends at ' + told.index;
    else if (told.index) what += ' ' + told.index;
    message.lost = message.end === null;
    message.title = 'node ' + told.from + ' \u2192 node ' + told.to + ': ' + what + ' (term ' + told.term + ')' +
      (message.lost ? ', not heard' : '') + (message.repeats ? ', heard ' + (message.repeats + 1) + ' times' : '');
  }

  // ---- clients

  takeAsked(told, order) {
    const key = told.client + ' ' + told.call;
    if (this.openCalls.has(key)) this.endCall(key, order, 'unknown', 0, 'it asks on');
    const lane = this.client(told.client);
    let row = lane.rowEnds.findIndex((end) => end !== null);
    if (row < 0) row = lane.rowEnds.length;
    lane.rowEnds[row] = null;
    lane.rows = Math.min(CALL_ROWS, Math.max(lane.rows, row + 1));
    const record = this.model.add({kind: 'ask', lane, begin: order, end: null, open: true, what: told.what, outcome: '',
      row: row % CALL_ROWS, slot: row, client: told.client,
      title: told.what + (told.call ? ' ' + Math.floor(told.call / 2) : '')});
    this.openCalls.set(key, record);
  }

  // An outcome says again what was asked, with what was read.
  endCall(key, order, outcome, index, why) {
    const record = this.openCalls.get(key);
    if (!record) return;
    this.openCalls.delete(key);
    record.lane.rowEnds[record.slot] = order;
    record.end = order;
    record.open = false;
    const [short, ...rest] = outcome.split(': ');
    record.outcome = short;
    record.failed = short !== 'done';
    if (rest.length > 0) record.title = rest.join(': ');
    record.title += ': ' + short + (index ? ' at ' + index : '') + (why ? ' (' + why + ')' : '');
  }

  // ---- ways

  takeWhole(told, order) {
    const key = told.from + ' > ' + told.to;
    const way = this.openWays.get(key) || {from: told.from, to: told.to, begin: 0};
    this.openWays.delete(key);
    this.ways.push({...way, end: order});
  }

  // The lanes of a machine by its name: of its node, of all clients, or of the host.
  lanesOf(name) {
    return name === this.clientHost ? [...this.clients.values()] : [this.laneOf(name)];
  }

  // As above, where one is enough.
  laneOf(name) {
    const number = /^node (\d+)$/.exec(name);
    if (number) return this.node(Number(number[1]));
    for (const [node, host] of this.hostOf) if (host === name) return this.node(node);
    return this.model.host(name).lane;
  }

  // From whom and to whom nothing came, while that did not change: one record each.
  partition(name) {
    const called = (other) => other === this.clientHost ? 'the clients' : this.laneOf(other).label;
    const turns = [];
    for (const way of this.ways) {
      if (way.from !== name && way.to !== name) continue;
      const side = way.from === name ? 'out' : 'in';
      const other = called(way.from === name ? way.to : way.from);
      turns.push({order: way.begin, begins: true, side, other}, {order: way.end, begins: false, side, other});
    }
    turns.sort((a, b) => a.order - b.order || a.begins - b.begins);
    const cut = {out: new Set(), in: new Set()};
    for (const [i, turn] of turns.entries()) {
      if (turn.begins) cut[turn.side].add(turn.other); else cut[turn.side].delete(turn.other);
      const end = i + 1 < turns.length ? turns[i + 1].order : turn.order;
      if (end === turn.order || cut.out.size + cut.in.size === 0) continue;
      // Partitions cut several ways one after the other, in no time.
      if (this.model.ns[end] === this.model.ns[turn.order]) continue;
      for (const lane of this.lanesOf(name)) {
        this.model.add({kind: 'partition', lane, begin: turn.order, end, title: lane.label + ' is ' + this.partitionText(cut)});
      }
    }
  }

  partitionText(cut) {
    const both = [...cut.out].filter((name) => cut.in.has(name)).sort();
    const unheard = [...cut.out].filter((name) => !cut.in.has(name)).sort();
    const deaf = [...cut.in].filter((name) => !cut.out.has(name)).sort();
    return [both.length && 'cut off from ' + both.join(', '), unheard.length && 'not heard by ' + unheard.join(', '),
      deaf.length && 'deaf to ' + deaf.join(', ')].filter(Boolean).join('; ');
  }

  // A later pause of a machine takes the place of one that goes on, and none outlives its power.
  addPause(pause, i) {
    const {model} = this;
    const name = pause.node || pause.host;
    const later = [...this.pauses.slice(i + 1).filter((other) => (other.node || other.host) === name).map((other) => other.begin),
      ...this.woken.filter((woken) => woken.host === name && woken.order > pause.begin).map((woken) => woken.order)];
    const end = Math.min(model.orderOfNs(model.ns[pause.begin] + pause.ns), ...later);
    if (model.ns[end] <= model.ns[pause.begin]) return;
    for (const lane of pause.node ? [this.node(pause.node)] : this.lanesOf(pause.host)) {
      model.add({kind: 'pause', lane, begin: pause.begin, end,
        title: lane.label + ' stands still for ' + duration(model.ns[end] - model.ns[pause.begin])});
    }
  }

  // Of the node that the verdict names, or on whose machine it was found; of the first one, if of none.
  laneOfFailure(lane) {
    if (!this.there) return lane;
    const named = /\bnode (\d+)\b/.exec(this.model.data.verdict.message);
    if (named && this.nodes.has(Number(named[1]))) return this.node(Number(named[1]));
    for (const [node, host] of this.hostOf) if (lane && host === lane.host) return this.node(node);
    return this.nodes.values().next().value;
  }

  // ---- the end

  finish() {
    const {model} = this;
    for (const message of this.messages) this.describe(message);
    for (const message of this.messages) if (message.lost) message.end = message.begin;
    for (const [, way] of this.openWays) this.ways.push({...way, end: model.length - 1});
    for (const name of new Set(this.ways.flatMap((way) => [way.from, way.to]))) this.partition(name);
    this.pauses.forEach((pause, i) => this.addPause(pause, i));
    for (const call of this.openCalls.values()) {
      call.title += ': not answered';
      call.outcome = 'not answered';
      call.failed = true;
    }
    const byNumber = (lanes) => [...lanes].sort((a, b) => a[0] - b[0]).map(([, lane]) => lane);
    return [...byNumber(this.nodes), ...byNumber(this.clients)];
  }
}
