// Puts the demo page together: who one is, the bell, the inbox, and a button that sends a sample.

import "/static/bell-element.js";
import "/static/inbox-element.js";
import { Inbox } from "/static/inbox.js";

const { users, user, canSend, pages } = await (await fetch("/demo/users")).json();

for (const name of users) {
  const link = Object.assign(document.createElement("a"), { href: `/?user=${encodeURIComponent(name)}`, textContent: name });
  if (name === user) link.ariaCurrent = "page";
  document.querySelector(".people").append(link);
}

for (const [href, textContent] of Object.entries(pages)) {
  document.querySelector(".people").append(Object.assign(document.createElement("a"), { href, textContent }));
}

const list = document.querySelector("carillon-inbox");
const inbox = new Inbox();
document.querySelector("carillon-bell").inbox = inbox;
list.inbox = inbox;
inbox.addEventListener("change", () => {
  list.hidden = inbox.state === "signed-out";
  document.querySelector(".welcome").hidden = !list.hidden;
  const unread = Number(inbox.counts.unreadCount);
  document.title = `${unread ? `(${unread}) ` : ""}Carillon: demo inbox`;
});

if (canSend && user) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Send me a sample" });
  button.addEventListener("click", () => fetch("/demo/send", { method: "POST", body: JSON.stringify({ user }) }));
  list.append(button);
}

await inbox.open();
