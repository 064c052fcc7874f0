// <carillon-inbox>: the live list of notifications. Give it an Inbox as `inbox`.

import { notificationItem, refreshTimes } from "/static/notification-item.js";

const TEMPLATE = document.createElement("template");
TEMPLATE.innerHTML = `
  <link rel="stylesheet" href="/static/inbox-element.css">
  <section id="inbox" aria-labelledby="heading">
    <header>
      <h1 id="heading">Inbox</h1>
      <span class="state" role="status"></span>
      <div class="tools"><slot></slot><button type="button" data-do="read-all">Mark all read</button></div>
    </header>
    <p class="problem" role="alert" hidden></p>
    <ul></ul>
    <p class="empty" hidden>Nothing here yet.</p>
    <button type="button" class="older" data-do="older" hidden>Show older</button>
  </section>`;

const STATES = { connecting: "Connecting…", live: "Live", away: "Reconnecting…", "signed-out": "Signed out" };
const CLOCK_MILLISECONDS = 30000;

class CarillonInbox extends HTMLElement {
  #inbox = null;
  #items = new Map();

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).append(TEMPLATE.content.cloneNode(true));
    this.shadowRoot.addEventListener("click", (event) => this.#press(event));
    setInterval(() => refreshTimes(this.shadowRoot), CLOCK_MILLISECONDS);
  }

  set inbox(inbox) {
    this.#inbox = inbox;
    inbox.addEventListener("change", (event) => this.#show(event.detail.arrived));
    this.#show([]);
  }

  #find(selector) {
    return this.shadowRoot.querySelector(selector);
  }

  #show(arrived) {
    const { state, counts, notifications, hasOlder } = this.#inbox;
    this.#find(".state").textContent = STATES[state];
    this.#find(".state").dataset.state = state;
    this.#find("[data-do=read-all]").disabled = counts.unreadCount === "0";
    this.#find(".older").hidden = !hasOlder;
    this.#find(".empty").hidden = notifications.length > 0 || state !== "live";
    this.#showItems(notifications, new Set(arrived.map((notification) => notification.id)));
  }

  // Items that did not change keep their element, so that focus and selection stay where they are.
  #showItems(notifications, arrived) {
    const items = new Map();
    for (const notification of notifications) {
      const text = JSON.stringify(notification);
      const held = this.#items.get(notification.id);
      const element = held?.text === text ? held.element : notificationItem(notification, arrived.has(notification.id));
      items.set(notification.id, { text, element });
    }
    this.#items = items;
    const list = this.#find("ul");
    const wanted = [...items.values()].map((item) => item.element);
    [...list.children].filter((element) => !wanted.includes(element)).forEach((element) => element.remove());
    wanted.forEach((element, place) => list.children[place] === element || list.insertBefore(element, list.children[place] ?? null));
  }

  async #press(event) {
    const pressed = event.composedPath().find((node) => node.dataset?.do);
    if (!pressed) return;
    const problem = this.#find(".problem");
    problem.hidden = true;
    try {
      await this.#do(pressed.dataset.do, pressed.closest("li")?.dataset.id, pressed.dataset.action);
    } catch (error) {
      problem.textContent = `That did not work: ${error.message || "the gateway cannot be reached"}.`;
      problem.hidden = false;
    }
  }

  #do(what, id, actionId) {
    switch (what) {
      case "read-all":
        return this.#inbox.markAllRead();
      case "older":
        return this.#inbox.loadOlder();
      case "action":
        return this.#inbox.recordAction(id, actionId);
      default:
        return this.#inbox.mark(what, [id]);
    }
  }
}

customElements.define("carillon-inbox", CarillonInbox);
