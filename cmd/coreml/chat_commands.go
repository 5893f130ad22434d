package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/generate"
)

// chatCommand is a command of a conversation.
type chatCommand struct {
	name, arg, help string
	also            []string // other names
	do              func(t *chat, ctx context.Context, arg string) error
}

// chatCommands are the commands, in the order of the help.
//
// A function, since the help is one of them.
func chatCommands() []chatCommand {
	return []chatCommand{
		{name: "help", help: "Show this list.", also: []string{"?"}, do: (*chat).cmdHelp},
		{name: "system", arg: "[TEXT]", help: "Set the system message; - drops it.", do: (*chat).cmdSystem},
		{name: "reset", help: "Begin a new conversation.", also: []string{"clear"}, do: (*chat).cmdReset},
		{name: "undo", help: "Take back the last message.", do: (*chat).cmdUndo},
		{name: "retry", help: "Answer the last message again.", do: (*chat).cmdRetry},
		{name: "continue", help: "Go on with an answer that was cut.", do: (*chat).cmdContinue},
		{name: "save", arg: "[FILE]", help: "Save the conversation.", do: (*chat).cmdSave},
		{name: "load", arg: "FILE", help: "Go on with one that was saved.", do: (*chat).cmdLoad},
		{name: "set", arg: "[NAME [VALUE]]", help: "Show the settings, or change one.", do: (*chat).cmdSet},
		{name: "model", arg: "[MODEL]", help: "Change the model, keep the messages.", do: (*chat).cmdModel},
		{name: "tools", arg: "[FILE]", help: "Show the tools, or read others.", do: (*chat).cmdTools},
		{name: "stats", help: "Measures of the last answer.", do: (*chat).cmdStats},
		{name: "bye", help: "Leave.", also: []string{"exit", "quit"}, do: func(*chat, context.Context, string) error { return errLeave }},
	}
}

// commandOf reads a command: a word of letters behind a slash, and what follows it. Another
// text, such as a path, is a message.
func commandOf(typed string) (name, arg string, is bool) {
	rest, slash := strings.CutPrefix(strings.TrimSpace(typed), "/")
	if !slash {
		return "", "", false
	}
	name, arg, _ = strings.Cut(rest, " ")
	if line, more, cut := strings.Cut(name, "\n"); cut {
		name, arg = line, more+" "+arg
	}
	if name == "" || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz-?") != "" {
		return "", "", false
	}
	return strings.ToLower(name), strings.TrimSpace(arg), true
}

// do runs a command.
func (t *chat) do(ctx context.Context, name, arg string) error {
	commands := chatCommands()
	at := slices.IndexFunc(commands, func(c chatCommand) bool { return c.name == name || slices.Contains(c.also, name) })
	if at < 0 {
		return unknownCommand(name, commands)
	}
	c := commands[at]
	if c.arg == "" && arg != "" {
		return fmt.Errorf("/%s takes nothing behind it, and %s is there", c.name, quoted(firstLine(arg)))
	}
	return c.do(t, ctx, arg)
}

// unknownCommand names the command that was probably meant.
func unknownCommand(name string, commands []chatCommand) error {
	var names []string
	for _, c := range commands {
		names = append(append(names, c.name), c.also...)
	}
	text := fmt.Sprintf("there is no command /%s", plain(firstLine(name)))
	near := meant(name, names)
	if near != "" {
		text += fmt.Sprintf(" (did you mean /%s?)", near)
	}
	return errors.New(text + "; /help lists the commands, and // begins a message with a slash")
}

// meant is the name that was probably meant: one that is written nearly so, or begins so.
func meant(name string, names []string) string {
	if near := closest(name, names); near != "" || len(name) < 2 {
		return near
	}
	if i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(n, name) }); i >= 0 {
		return names[i]
	}
	return ""
}

// cmdHelp lists the commands and what keys do.
func (t *chat) cmdHelp(context.Context, string) error {
	var list strings.Builder
	width := 0
	if t.person {
		width, _ = terminalSize(t.io.raw)
	}
	rows := table{indent: "  "}
	for _, c := range chatCommands() {
		call := strings.TrimSpace("/" + c.name + " " + c.arg)
		if width > 0 && width < 70 { // two lines each
			fmt.Fprintf(&list, "  %s\n    %s\n", call, c.help)
			continue
		}
		rows.row(call, c.help)
	}
	list.WriteString(rows.String())
	list.WriteString(`
""" begins and ends a message of several lines, as a backslash at the end of a line goes on in the next one. // begins a message with a slash.
`)
	if t.person {
		list.WriteString("Alt-Enter makes a new line, Ctrl-R searches what was typed, Ctrl-C stops an answer, Ctrl-D leaves.\n")
	}
	t.say(plainStyle, list.String())
	return nil
}

// cmdStats shows the measures of the last answer.
func (t *chat) cmdStats(context.Context, string) error {
	if t.last == nil {
		return errors.New("there is no whole answer yet whose measures could be shown")
	}
	rows := statsTable(t.last)
	rows.row("context", fmt.Sprintf("%d of %s", t.last.Stats.PromptTokens+t.last.Stats.Tokens, counted(t.g.ContextLength(), "token")))
	t.note("%s", rows.String())
	return nil
}

// statsLine is the measures of an answer on a line.
func statsLine(answer *generate.Result) string {
	s := &answer.Stats
	line := counted(s.Tokens, "token") + perSecond(s.DecodeRate())
	if s.FirstToken > 0 {
		line += ", " + duration(s.FirstToken) + " to the first"
	}
	return line + fmt.Sprintf("; prompt %s, %d cached", counted(s.PromptTokens, "token"), s.CachedTokens)
}

// complete returns what the word before the cursor may become: a command, or the name of
// a setting.
func (t *chat) complete(before string) (words []string) {
	if rest, is := strings.CutPrefix(before, "/set "); is {
		for _, name := range t.settingNames() {
			if strings.HasPrefix(name, rest) {
				words = append(words, name)
			}
		}
		return words
	}
	if !strings.HasPrefix(before, "/") || strings.ContainsAny(before, " \n") {
		return nil
	}
	for _, c := range chatCommands() {
		if name := "/" + c.name; strings.HasPrefix(name, before) {
			words = append(words, name)
		}
	}
	return words
}
