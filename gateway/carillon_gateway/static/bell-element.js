// <carillon-bell>: a bell with the exact number of unread notifications. Give it an Inbox as `inbox`.

const TEMPLATE = document.createElement("template");
TEMPLATE.innerHTML = `
  <link rel="stylesheet" href="/static/bell-element.css">
  <a part="bell" href="#inbox">
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M6 9a6 6 0 1 1 12 0c0 5 2 6 2 7H4c0-1 2-2 2-7Z"/><path d="M10 20a2.2 2.2 0 0 0 4 0"/>
    </svg>
    <span part="badge" aria-hidden="true" hidden></span>
    <span class="label"></span>
  </a>
  <span role="status" class="label announcement"></span>`;

const MOST = 999;

class CarillonBell extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: "open" }).append(TEMPLATE.content.cloneNode(true));
  }

  set inbox(inbox) {
    inbox.addEventListener("change", (event) => this.#show(inbox, event.detail.arrived));
    this.#show(inbox, []);
  }

  #show(inbox, arrived) {
    const find = (selector) => this.shadowRoot.querySelector(selector);
    const unread = Number(inbox.counts.unreadCount);
    const badge = find("[part=badge]");
    badge.hidden = unread === 0;
    badge.textContent = unread > MOST ? `${MOST}+` : unread;
    find("a .label").textContent = `${unread} unread notifications`;
    if (arrived.length === 0) return;
    find(".announcement").textContent = `New: ${arrived.at(-1).content?.title ?? ""}`;
    find("svg").animate?.(SWING, { duration: STILL.matches ? 0 : 700, easing: "ease-in-out" });
  }
}

const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const SWING = [0, 14, -11, 7, -4, 0].map((degrees) => ({ transform: `rotate(${degrees}deg)` }));

customElements.define("carillon-bell", CarillonBell);
