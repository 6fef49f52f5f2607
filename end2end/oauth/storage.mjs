// Where oidc-provider keeps what it issued: in memory, and open to the tests.

const grantable = ["AccessToken", "AuthorizationCode", "RefreshToken"];

export class Storage {
  /** By kind and id: `RefreshToken:abc`. */
  #rows = new Map();

  get(kind, id) {
    return this.#rows.get(`${kind}:${id}`);
  }

  put(kind, id, row) {
    this.#rows.set(`${kind}:${id}`, row);
  }

  /** Removes every grant of an account and what was issued on it; answers how many refresh tokens that ended. */
  removeGrantsOf(account) {
    let ended = 0;
    for (const [key, row] of this.#rows) {
      const kind = key.split(":")[0];
      if (row.accountId !== account || ![...grantable, "Grant"].includes(kind)) continue;
      if (kind === "RefreshToken" && row.consumed === undefined) ended += 1;
      this.#rows.delete(key);
    }
    return ended;
  }

  refreshTokensOf(account) {
    const own = ([key, row]) =>
      key.startsWith("RefreshToken:") && row.accountId === account && row.consumed === undefined;
    return [...this.#rows].filter(own).length;
  }

  /** What oidc-provider calls an adapter: a class that it makes one of for each kind. It checks lifetimes itself. */
  adapter() {
    const storage = this;
    return class {
      constructor(kind) {
        this.kind = kind;
      }

      async upsert(id, row) {
        storage.put(this.kind, id, row);
      }

      async find(id) {
        return storage.get(this.kind, id);
      }

      async findByUid(uid) {
        return storage.#first(this.kind, (row) => row.uid === uid);
      }

      async findByUserCode(code) {
        return storage.#first(this.kind, (row) => row.userCode === code);
      }

      async consume(id) {
        storage.get(this.kind, id).consumed = Math.floor(Date.now() / 1000);
      }

      async destroy(id) {
        storage.#rows.delete(`${this.kind}:${id}`);
      }

      async revokeByGrantId(grant) {
        for (const [key, row] of storage.#rows) {
          if (row.grantId === grant && grantable.includes(key.split(":")[0])) storage.#rows.delete(key);
        }
      }
    };
  }

  #first(kind, matches) {
    for (const [key, row] of this.#rows) {
      if (key.startsWith(`${kind}:`) && matches(row)) return row;
    }
    return undefined;
  }
}
