// The inbox of whoever is signed in: its newest notifications, exact counters, and whether it is live.
//
// It reads a page, then follows the stream from that page's cursor. An EventSource that loses its connection comes
// back with the id of the last event it got, which is a cursor too, so nothing is missed and nothing comes twice.
// Dispatches "change" after every change, with the notifications that just came in.

const PAGE_SIZE = 30;
const RETRY_MILLISECONDS = [1000, 15000];
const NOTHING = { totalCount: "0", unreadCount: "0", unseenCount: "0", archivedCount: "0" };

export class Inbox extends EventTarget {
  /** Newest first. */
  notifications = [];
  counts = NOTHING;
  /** "connecting", "live", "away" or "signed-out". */
  state = "connecting";
  #source = null;
  #nextPage = "";
  #failures = 0;

  constructor(base = "/v1") {
    super();
    this.base = base;
  }

  /** Reads the newest page and follows the stream from there. */
  async open() {
    this.#source?.close();
    try {
      const page = await this.#call(`/notifications?pageSize=${PAGE_SIZE}`);
      this.notifications = page.notifications;
      this.counts = { ...NOTHING, ...page };
      this.#nextPage = page.nextPageToken;
      this.#follow(page.cursor);
    } catch (error) {
      this.#fail(error);
    }
  }

  get hasOlder() {
    return this.#nextPage !== "";
  }

  async loadOlder() {
    const token = encodeURIComponent(this.#nextPage);
    const page = await this.#call(`/notifications?pageSize=${PAGE_SIZE}&pageToken=${token}`);
    this.#nextPage = page.nextPageToken;
    page.notifications.forEach((notification) => this.#put(notification));
    this.#changed();
  }

  /** `mark` is markRead, markUnread, archive, pin, unpin or delete. The change itself comes back over the stream. */
  mark(mark, ids) {
    return this.#call(`/notifications:${mark}`, { ids });
  }

  markAllRead() {
    return this.#call("/notifications:markRead", { all: true });
  }

  recordAction(id, actionId) {
    return this.#call(`/notifications/${id}:recordAction`, { actionId });
  }

  async #call(path, body) {
    const options = body && { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    const response = await fetch(this.base + path, options);
    const document = await response.json().catch(() => ({}));
    if (!response.ok) throw Object.assign(new Error(document.message), { status: response.status });
    return document;
  }

  #follow(cursor) {
    const source = new EventSource(`${this.base}/stream?cursor=${encodeURIComponent(cursor)}`);
    this.#source = source;
    source.addEventListener("ready", () => this.#become("live"));
    source.addEventListener("error", () => this.#lost(source));
    for (const kind of ["snapshot", "created", "changed", "removed", "counts"]) {
      source.addEventListener(kind, (event) => this.#apply(kind, JSON.parse(event.data)));
    }
  }

  #lost(source) {
    this.#become("away");
    // The browser gives up for good when the gateway refuses; reading the page again tells why.
    if (source.readyState === EventSource.CLOSED && source === this.#source) this.#later();
  }

  #apply(kind, change) {
    const arrived = kind === "created" ? change.notifications : [];
    if (kind === "snapshot") this.notifications = [];
    if (kind === "removed") this.#drop(change.ids);
    change.notifications?.forEach((notification) => this.#put(notification));
    this.counts = kind === "counts" ? change : change.counts;
    this.#failures = 0;
    this.#changed(arrived);
  }

  #put(notification) {
    this.#drop([notification.id]);
    if (notification.archiveTime) return;
    const place = this.notifications.findIndex((other) => other.deliverTime <= notification.deliverTime);
    this.notifications.splice(place < 0 ? this.notifications.length : place, 0, notification);
  }

  #drop(ids) {
    this.notifications = this.notifications.filter((held) => !ids.includes(held.id));
  }

  #fail(error) {
    if (error.status === 401) {
      this.#become("signed-out");
      return;
    }
    this.#become("away");
    this.#later();
  }

  #later() {
    const [shortest, longest] = RETRY_MILLISECONDS;
    const ceiling = Math.min(longest, shortest * 2 ** this.#failures++);
    setTimeout(() => this.open(), shortest / 2 + Math.random() * ceiling);
  }

  #become(state) {
    this.state = state;
    this.#changed();
  }

  #changed(arrived = []) {
    this.dispatchEvent(new CustomEvent("change", { detail: { arrived } }));
  }
}
