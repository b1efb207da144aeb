"""What a page asks of eyes and fingers, measured: widths, targets, letters, the way of Tab."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.conftest import PHONE

TARGET_PX, GAP_PX, LETTERS_PX = 48, 8, 18
TWICE_AS_LARGE = {"width": 640, "height": 400}  # a desk at 200 %: half as many of its pixels each way
LYING = {"width": 740, "height": 360}  # a phone turned on its side
MOST_STEPS = 400

# A card whose link covers it is pressed anywhere; a box and its label are one; a link within a sentence is a word.
SEEN = """
const controls = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
const seen = one => {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    return box.width > 1 && box.height > 1 && style.visibility !== 'hidden' && box.right > 0
        && one.checkVisibility() && !one.closest('.visually-hidden, .lesson-screen, [inert]');
};
const ticked = one => ['checkbox', 'radio'].includes(one.type) && one.labels?.[0];
const named = one => {
    const words = (one.innerText || one.value || one.getAttribute('aria-label') || '').trim().slice(0, 30);
    return `${one.tagName.toLowerCase()}.${one.className?.baseVal ?? one.className} «${words}»`;
};
"""
MEASURE = (
    """([least, gap, letters]) => {"""
    + SEEN
    + """
    const inText = one => one.tagName === 'A' && getComputedStyle(one).display === 'inline'
        && [...one.parentElement.childNodes].some(node => node !== one && node.textContent.trim());
    const reach = one => {
        const covers = one.tagName === 'A' && getComputedStyle(one, '::after').position === 'absolute';
        return (ticked(one) || (covers ? one.offsetParent : one)).getBoundingClientRect();
    };
    const floating = one => one && (['fixed', 'sticky'].includes(getComputedStyle(one).position)
        ? one : floating(one.parentElement));
    const found = new Set(), boxes = [];
    for (const one of document.querySelectorAll(controls)) {
        if (!seen(ticked(one) || one) || inText(one)) continue;
        const box = reach(one);
        if (Math.min(box.height, box.width) < least - .5)
            found.add(`${Math.round(box.width)} x ${Math.round(box.height)} px to press: ${named(one)}`);
        for (const [other, its, floats] of boxes) {
            if (one.contains(other) || other.contains(one) || floats !== floating(one)) continue;
            const across = Math.max(box.left, its.left) - Math.min(box.right, its.right);
            const apart = Math.max(across, Math.max(box.top, its.top) - Math.min(box.bottom, its.bottom));
            if (apart > -2 && apart < gap - .5)
                found.add(`${Math.round(apart)} px between ${named(other)} and ${named(one)}`);
        }
        boxes.push([one, box, floating(one)]);
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const one = texts.currentNode.parentElement, size = parseFloat(getComputedStyle(one).fontSize);
        const read = texts.currentNode.textContent.trim() && !one.closest('svg, script, style, noscript');
        if (read && size < letters - .1 && seen(one)) found.add(`letters of ${size} px: ${named(one)}`);
    }
    for (const form of document.forms) {
        const asked = [...form.elements].some(one => seen(one) && one.type !== 'hidden');
        if (asked && ![...form.elements].some(one => one.type === 'submit'))
            found.add(`no button sends ${form.getAttribute('action')}`);
        const choices = [...form.elements].filter(one => one.type === 'radio' && seen(ticked(one) || one));
        for (const choice of [null, ...choices]) {
            const before = choices.filter(one => one.checked);
            if (choice) choice.checked = true;
            const waits = [...form.elements].find(one => one.willValidate && !one.validity.valid
                && !(ticked(one) || one).checkVisibility());
            if (waits && !form.noValidate && [...form.elements].some(one => one.type === 'submit' && seen(one)))
                found.add(`no press sends ${form.getAttribute('action')}: ${waits.name} out of sight waits`);
            for (const one of choices) one.checked = before.includes(one);
        }
    }
    return [...found];
}"""
)
COVERED = (
    """() => {"""
    + SEEN
    + """
    const found = [];
    for (const one of document.querySelectorAll(controls)) {
        const shown = ticked(one) || one;
        if (!seen(shown) || one.disabled || one.matches('.skip')) continue;
        shown.scrollIntoView({block: 'center', behavior: 'instant'});
        const box = shown.getClientRects()[0];
        const there = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        if (there?.closest('.notice') || (there?.closest('.deal-sheet') && !one.closest('.deal-sheet'))) continue;
        if (!there || !(shown.contains(there) || there.contains(shown) || one.labels?.[0]?.contains(there)))
            found.push(`${named(one)} cannot be pressed: ${there ? named(there) : 'nothing'} lies over it`);
    }
    scrollTo(0, 0);
    return found;
}"""
)
MOST_PRIMARY = (
    """() => {"""
    + SEEN
    + """
    const apart = 'li, article, tr, dialog, details, fieldset, .card, [role=dialog]';
    const first = [...document.querySelectorAll('main .button.primary')].filter(it => seen(it) && !it.closest(apart));
    return first.length > 1 ? [`${first.length} main actions: ${first.map(named).join(', ')}`] : [];
}"""
)
WHERE_TAB_IS = (
    """() => {"""
    + SEEN
    + """
    const one = document.activeElement;
    if (one && one === window.tabWasAt) return '';  // a date has several stops of its own
    if (!one || one === document.body || one.dataset.reached) return null;
    window.tabWasAt = one;
    one.dataset.reached = 'yes';
    const rings = [one, ticked(one), one.nextElementSibling].filter(Boolean).map(it => getComputedStyle(it));
    const ringed = it => it.outlineStyle !== 'none' && parseFloat(it.outlineWidth) > 0;
    const shown = rings.some(it => ringed(it) || it.boxShadow !== 'none');
    return shown ? '' : `no ring around ${named(one)}`;
}"""
)
NEVER_REACHED = (
    """() => {"""
    + SEEN
    + """
    return [...document.querySelectorAll(controls)]
    .filter(one => seen(ticked(one) || one) && !one.disabled && one.tabIndex >= 0 && !one.dataset.reached)
    .filter(one => one.type !== 'radio' || ![...document.getElementsByName(one.name)].some(it => it.dataset.reached))
    .map(one => `Tab never comes to ${named(one)}`);
}"""
)


def hindrances(page: Page) -> list[str]:
    """On a phone: what is too small to press or read, stands too near, cannot be sent whichever way is chosen, sticks
    out when enlarged or lies under something else; and that a screen has more than one main action."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # width and height
    found: list[str] = page.evaluate(MEASURE, [TARGET_PX, GAP_PX, LETTERS_PX]) + page.evaluate(MOST_PRIMARY)
    for name, size in (("on a phone", PHONE), ("at 200 %", TWICE_AS_LARGE)):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # width and height
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"sticks out by {width} px {name}"] if width > 0 else []
        found += covered(page, name)
    return found


def covered(page: Page, name: str = "") -> list[str]:
    """What cannot be pressed, although it is scrolled to, because something lies over it."""
    return [f"{what} {name}" for what in page.evaluate(COVERED)]


def lost_to_the_keyboard(page: Page) -> list[str]:
    """What Tab does not come to on the page just opened, and where it stands without being seen."""
    found: list[str] = []
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        told = page.evaluate(WHERE_TAB_IS)
        if told is None:
            break
        found += [told] if told else []
    missed: list[str] = page.evaluate(NEVER_REACHED)
    return found + missed
