// One notification as a list item. All text is set as text, never as markup.

const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const ABSOLUTE = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

export function notificationItem(notification, isNew) {
  const { content = {}, readTime, pinTime, priority } = notification;
  const item = element("li", { className: isNew ? "new" : "" });
  item.dataset.id = notification.id;
  item.dataset.unread = readTime ? "no" : "yes";
  item.dataset.priority = priority;
  item.append(
    element("span", { className: "mark", textContent: (notification.type[0] ?? "?").toUpperCase(), ariaHidden: "true" }),
    element("div", { className: "text" }, [
      element("h2", {}, [titleOf(notification)]),
      element("p", { className: "body", textContent: content.body ?? "" }),
      facts(notification),
      actions(notification),
    ]),
    element("div", { className: "tools" }, [
      tool(readTime ? "markUnread" : "markRead", readTime ? "Mark unread" : "Mark read"),
      tool(pinTime ? "unpin" : "pin", pinTime ? "Unpin" : "Pin"),
      tool("archive", "Archive"),
    ]),
  );
  return item;
}

export function refreshTimes(root) {
  root.querySelectorAll("time").forEach((time) => (time.textContent = ago(new Date(time.dateTime))));
}

function titleOf({ content = {}, readTime }) {
  const unread = readTime ? "" : "Unread: ";
  const title = [element("span", { className: "label", textContent: unread }), content.title ?? ""];
  return isLink(content.actionUrl)
    ? element("a", { href: content.actionUrl, target: "_blank", rel: "noopener noreferrer" }, title)
    : element("span", {}, title);
}

function facts({ type, deliverTime, pinTime, priority }) {
  const when = new Date(deliverTime);
  const words = [type, ...(pinTime ? ["pinned"] : []), ...(priority === "PRIORITY_URGENT" ? ["urgent"] : [])];
  return element("p", { className: "facts" }, [
    element("time", { dateTime: deliverTime, title: ABSOLUTE.format(when), textContent: ago(when) }),
    ` · ${words.join(" · ")}`,
  ]);
}

function actions({ content = {}, actionTaken }) {
  const buttons = (content.actions ?? []).map(({ id, label }) => {
    const taken = actionTaken?.actionId === id;
    const button = element("button", { type: "button", textContent: taken ? `✓ ${label}` : label, disabled: Boolean(actionTaken) });
    Object.assign(button.dataset, { do: "action", action: id });
    return button;
  });
  return element("div", { className: "actions", hidden: buttons.length === 0 }, buttons);
}

function tool(what, label) {
  const button = element("button", { type: "button", textContent: label });
  button.dataset.do = what;
  return button;
}

function element(name, properties = {}, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function isLink(url) {
  return /^(https?:\/\/|\/(?!\/))/.test(url ?? "");
}

function ago(when) {
  const seconds = (when - Date.now()) / 1000;
  const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  return unit ? RELATIVE.format(Math.round(seconds / unit[1]), unit[0]) : "just now";
}
