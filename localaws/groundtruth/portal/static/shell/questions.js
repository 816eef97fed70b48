// What workers are asked before they give a task out of their hands: each says what is lost.

import { describeTime } from "./clock.js";

export function stopQuestion(secondsLeft) {
  const left = describeTime(secondsLeft);
  return {
    title: "Stop and resume later?",
    paragraphs: [
      "What you have done so far is kept, and the task stays yours.",
      `Its time runs on. Resume it within ${left}; after that your work on it is lost, and others get the task.`,
    ],
    action: "Stop",
  };
}

export const RELEASE_QUESTION = {
  title: "Release this task?",
  paragraphs: [
    "Your work on this task is lost.",
    "The task goes back to everybody in your team; you may be offered it again.",
  ],
  action: "Release",
  danger: true,
};

export const DECLINE_QUESTION = {
  title: "Decline this task?",
  paragraphs: [
    "Your work on this task is lost, and you will not be offered the task again.",
    "Others in your team may still do it.",
  ],
  action: "Decline",
  danger: true,
};
