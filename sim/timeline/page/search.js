// SPDX-License-Identifier: Apache-2.0
// Text search over all records. Words must all be there; "-word" must not. "kind:fault", "file:wal",
// "thread:client0", "host:a" and "life:2" ask for one field.

class Search {
  constructor(model) {
    this.model = model;
    this.query = '';
    this.found = [];     // records, in their order
    this.set = null;     // the same, or null: nothing is searched for
    this.at = -1;
  }

  textOf(record) {
    if (record.searched === undefined) {
      const faults = (record.faults || []).join(' ');
      const parts = (record.cut || record.parts || []).map((part) => part.path + ' ' + part.what).join(' ');
      record.searched = [record.kind, record.title, this.model.laneName(record), record.path, record.other, faults,
        parts, record.struck].filter(Boolean).join(' ').toLowerCase();
    }
    return record.searched;
  }

  fieldOf(record, field) {
    switch (field) {
      case 'kind': return record.kind + ' ' + (record.name || '');
      case 'file': return [record.path, record.other, record.lane && record.lane.type === 'file' ? record.lane.label : '']
        .filter(Boolean).join(' ');
      case 'thread': return record.lane && record.lane.type === 'thread' ? record.lane.label : '';
      case 'host': return record.lane ? record.lane.host : '';
      case 'life': return String(record.life || '');
    }
    return null;
  }

  matches(record, words) {
    for (const {word, not, field} of words) {
      const hit = field ? this.fieldOf(record, field).toLowerCase().includes(word) : this.textOf(record).includes(word);
      if (hit === not) return false;
    }
    return true;
  }

  parse(query) {
    return query.toLowerCase().split(/\s+/).filter(Boolean).map((text) => {
      const not = text.length > 1 && text.startsWith('-');
      const word = not ? text.slice(1) : text;
      const field = (word.match(/^(kind|file|thread|host|life):(.+)$/) || []);
      return {word: field[2] || word, field: field[1], not};
    });
  }

  // `visible` says which records count.
  run(query, visible) {
    this.query = query;
    this.at = -1;
    const words = this.parse(query);
    if (words.length === 0) {
      this.found = [];
      this.set = null;
      return;
    }
    this.found = this.model.records.filter((record) => visible(record) && this.matches(record, words));
    this.set = new Set(this.found);
  }

  // The next match behind (or before) the order, round the ends.
  step(forward, order) {
    const {found} = this;
    if (found.length === 0) return null;
    if (this.at >= 0) {
      this.at = (this.at + (forward ? 1 : found.length - 1)) % found.length;
    } else {
      const behind = found.findIndex((record) => record.begin >= order);
      this.at = forward ? (behind < 0 ? 0 : behind) : (behind <= 0 ? found.length - 1 : behind - 1);
    }
    return found[this.at];
  }
}
