// SPDX-License-Identifier: Apache-2.0
// What part of the run is shown: the visible window along the axis, in orders or nanoseconds, and
// where the lanes lie. No drawing here.

const LANE_HEIGHT = {host: 24, file: 18, thread: 24, operations: 40};
const CALL_HEIGHT = 16;   // of one row in the lane of a client
const GUTTER = 178;
const FILES_FEW = 16;

class View {
  constructor(model) {
    this.model = model;
    // Of a cluster, its nodes and clients alone, and by time.
    this.machines = !model.cluster.there;   // threads and files have lanes
    this.axis = model.cluster.there ? 'time' : 'order';
    this.width = 800;
    this.places = [];   // {lane, top, height}
    this.height = 0;
    this.placeLanes();
    this.fit();
  }

  // Of a host with many files, those that are there in the window have a lane. True: other lanes
  // than before.
  placeLanes() {
    const lanes = this.model.lanes.filter((lane) => this.isPlaced(lane));
    const changed = lanes.length !== this.places.length || lanes.some((lane, i) => this.places[i].lane !== lane);
    if (!changed) return false;
    for (const place of this.places) place.lane.place = null;
    let top = 24;  // below the ruler
    this.places = [];
    let host = null;
    for (const lane of lanes) {
      if (host !== null && lane.host !== host) top += 10;
      host = lane.host;
      const height = lane.type === 'client' ? lane.rows * CALL_HEIGHT + 6
        : lane.type === 'node' ? this.nodeHeight() : LANE_HEIGHT[lane.type === 'thread' && lane.hasOperations ? 'operations' : lane.type];
      const place = {lane, top, height};
      lane.place = place;
      this.places.push(place);
      top += height;
    }
    this.height = top + 16;
    return true;
  }

  // The more there are, the lower.
  nodeHeight() {
    const count = this.model.cluster.nodes.size;
    return count <= 3 ? 106 : count <= 5 ? 96 : 88;
  }

  isPlaced(lane) {
    if (lane.type === 'node' || lane.type === 'client') return true;
    return this.machines && (lane.type !== 'file' || this.hasLane(lane));
  }

  hasLane(file) {
    if (this.from === undefined || this.model.host(file.host).files.size <= FILES_FEW) return true;
    const from = this.orderAt(this.from), to = this.orderAt(this.to);
    const before = this.model.stateAt(file, from);
    if (before && stateClass(before) !== 'gone') return true;
    const after = this.model.stateAt(file, to);
    return after !== null && after !== before;
  }

  // Along the axis: an order's place, and the order nearest to a place.
  unit(order) { return this.axis === 'order' ? order : this.model.ns[Math.min(order, this.model.length)]; }

  orderAt(unit) {
    if (this.axis === 'order') return Math.max(0, Math.min(this.model.length - 1, Math.floor(unit)));
    return this.model.orderOfNs(unit);
  }

  first() { return this.unit(0); }
  last() { return Math.max(this.unit(this.model.length), this.first() + 1); }
  smallest() { return this.axis === 'order' ? 4 : 20; }

  fit() {
    const margin = (this.last() - this.first()) * 0.015;
    this.show(this.first() - margin, this.last() + margin);
  }

  // Shows [from, to), kept within the run and above the smallest window.
  show(from, to) {
    const whole = this.last() - this.first();
    const margin = Math.max(whole * 0.015, Math.min(to - from, whole) * 0.04);
    const span = Math.min(Math.max(to - from, Math.min(this.smallest(), whole)), whole + 2 * margin);
    const middle = (from + to) / 2;
    this.from = middle - span / 2;
    this.from = Math.max(this.first() - margin, Math.min(this.from, this.last() + margin - span));
    this.to = this.from + span;
  }

  zoom(factor, unit) {
    const at = unit === undefined ? (this.from + this.to) / 2 : unit;
    const span = Math.min(Math.max((this.to - this.from) * factor, this.smallest()), (this.last() - this.first()) * 1.03);
    const share = (at - this.from) / (this.to - this.from);
    this.show(at - span * share, at + span * (1 - share));
  }

  pan(units) { this.show(this.from + units, this.to + units); }

  // Around an order, with so many orders beside it.
  showOrder(order, beside) {
    const low = this.unit(Math.max(0, order - beside));
    const high = this.unit(Math.min(this.model.length, order + beside));
    const room = order + beside > this.model.length ? (high - low) * 0.04 : 0;  // beside the end
    this.show(low, Math.max(high + room, low + this.smallest()));
  }

  // Moves only if it is not in sight.
  reveal(record) {
    const at = this.unit(record.begin);
    const span = this.to - this.from;
    if (at > this.from + span * 0.03 && at < this.to - span * 0.03) return;
    this.show(at - span / 2, at + span / 2);
  }

  setAxis(axis) {
    const [low, high] = [this.orderAt(this.from), this.orderAt(this.to)];
    this.axis = axis;
    const from = this.unit(low), to = this.unit(high + 1);
    if (low === 0 && high >= this.model.length - 1) this.fit();
    else this.show(from, Math.max(to, from + this.smallest()));
  }

  // Pixels, right of the gutter.
  x(unit) { return GUTTER + (unit - this.from) / (this.to - this.from) * (this.width - GUTTER); }
  xOf(order) { return this.x(this.unit(order)); }
  unitAt(x) { return this.from + (x - GUTTER) / (this.width - GUTTER) * (this.to - this.from); }
  // Where an instant is drawn, and the end of what takes until `end`.
  xMiddle(order) { return this.axis === 'order' ? this.xOf(order + 0.5) : this.xOf(order); }
  xEnd(order) { return this.axis === 'order' ? this.xOf(order + 1) : this.xOf(order); }

  laneAt(y) {
    for (const place of this.places) {
      if (y >= place.top && y < place.top + place.height) return place.lane;
    }
    return null;
  }
}
