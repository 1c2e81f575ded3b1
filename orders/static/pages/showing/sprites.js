/**
 * One small picture for each state of a seat, drawn once for a size and copied for every seat.
 * States differ in shape as well as in colour: free is full, held is a ring, sold is a cross,
 * blocked is a line, chosen has a tick.
 */

import { STATES } from "./house.js";

export const CHOSEN = STATES.length;

export function readColours(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    states: [...STATES, "chosen"].map((state) => colour(`--seat-${state}`)),
    mark: colour("--seat-mark"),
    ink: colour("--ink"),
    quiet: colour("--quiet"),
    line: colour("--line"),
    card: colour("--card"),
    focus: colour("--focus"),
  };
}

const DRAW = [full, ring, cross, dash, tick];

/** The pictures of all states for seats this many device pixels apart. */
export function makeSprites(size, colours) {
  return DRAW.map((draw, state) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.ceil(size);
    const context = canvas.getContext("2d");
    context.fillStyle = context.strokeStyle = colours.states[state];
    context.lineWidth = Math.max(1, size * 0.09);
    context.lineCap = "round";
    draw(context, size, colours);
    return canvas;
  });
}

function box(context, size, part) {
  const edge = (size * (1 - part)) / 2;
  context.beginPath();
  context.roundRect(edge, edge, size * part, size * part, size * 0.18);
}

function full(context, size) {
  box(context, size, 0.82);
  context.fill();
}

function ring(context, size) {
  box(context, size, 0.66);
  context.stroke();
}

function cross(context, size) {
  const [near, far] = [size * 0.3, size * 0.7];
  context.beginPath();
  context.moveTo(near, near);
  context.lineTo(far, far);
  context.moveTo(far, near);
  context.lineTo(near, far);
  context.stroke();
}

function dash(context, size) {
  context.beginPath();
  context.moveTo(size * 0.3, size / 2);
  context.lineTo(size * 0.7, size / 2);
  context.stroke();
}

function tick(context, size, colours) {
  box(context, size, 0.94);
  context.fill();
  context.strokeStyle = colours.mark;
  context.lineWidth = Math.max(1, size * 0.12);
  context.beginPath();
  context.moveTo(size * 0.26, size * 0.52);
  context.lineTo(size * 0.44, size * 0.7);
  context.lineTo(size * 0.75, size * 0.32);
  context.stroke();
}
