package main

import (
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// narrow is the width in characters below which the help of a flag stands below its
// name: beside it there would be room for a word a line.
const narrow = 60

// helpFor prints the help for the width of the terminal.
func helpFor(s *streams) kong.HelpPrinter {
	return func(options kong.HelpOptions, call *kong.Context) error {
		if width := helpWidth(s); width < narrow {
			_, err := call.Stdout.Write([]byte(narrowHelp(call, max(width, narrow/3))))
			return err
		}
		return kong.DefaultHelpPrinter(options, call)
	}
}

// helpWidth is the width of the help: that of the variable, as kong has it, or of the
// terminal.
func helpWidth(s *streams) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	width, _ := terminalSize(s.raw)
	return width
}

// narrowHelp is the help of the command of a call for few columns.
func narrowHelp(call *kong.Context, width int) string {
	node := call.Model.Node
	if selected := call.Selected(); selected != nil {
		node = selected
	}
	var b strings.Builder
	b.WriteString(filled("Usage: "+strings.TrimSpace(call.Model.Name+" "+node.Summary()), "", width) + "\n")
	inExamples := false
	for _, block := range helpBlocks(node.Help + "\n\n" + node.Detail) {
		if block.example && !inExamples {
			b.WriteString("Examples:\n\n")
		}
		inExamples = block.example
		if block.code {
			// The terminal breaks these where it has to: they are to be copied.
			b.WriteString(indent(block.text, "  ") + "\n\n")
			continue
		}
		b.WriteString(filled(block.text, "", width) + "\n")
	}
	if len(node.Positional) > 0 {
		b.WriteString("Arguments:\n")
		for _, arg := range node.Positional {
			b.WriteString("  " + arg.Summary() + "\n" + filled(helpText(arg), "      ", width))
		}
		b.WriteByte('\n')
	}
	if len(node.Children) > 0 {
		b.WriteString("Commands:\n")
		for _, child := range node.Children {
			if !child.Hidden {
				b.WriteString("  " + child.Path() + "\n" + filled(child.Help, "      ", width))
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("Flags:\n")
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			name := f.String()
			if f.Tag.Negatable != "" {
				name = strings.Replace(name, "--", "--[no-]", 1)
			}
			b.WriteString("  " + name + "\n" + filled(helpText(f.Value), "      ", width))
		}
	}
	if node == call.Model.Node {
		b.WriteString("\n" + filled(`Run "coreml <command> --help" for more of a command.`, "", width))
	}
	return b.String()
}

// filled breaks a text into lines of a width, each behind an indentation. A word that
// is longer has a line of its own.
func filled(text, by string, width int) string {
	var b strings.Builder
	length := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case length == 0:
			b.WriteString(by)
			length = len(by)
		case length+1+n > width:
			b.WriteString("\n" + by)
			length = len(by)
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += n
	}
	if length > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}
