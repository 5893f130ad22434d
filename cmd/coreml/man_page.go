package main

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// manPage is the page of a command, or of coreml for nil.
func manPage(app *kong.Application, verb *kong.Node) string {
	p := &roffPage{}
	node, text := app.Node, app.Help
	about, _, _ := strings.Cut(text, "\n")
	if verb != nil {
		node, about, text = verb, verb.Help, verb.Help+"\n\n"+verb.Detail
	}
	name := manName(verb)
	built, released := buildTime(), version()
	p.line(".TH", strings.ToUpper(name), "1", built, "coreml "+released, "coreml manual")
	p.section("NAME")
	p.raw(roffText(name) + ` \- ` + roffText(strings.TrimSuffix(about, ".")))
	p.section("SYNOPSIS")
	p.synopsis(app, node)
	blocks := helpBlocks(text)
	p.section("DESCRIPTION")
	for _, b := range blocks {
		if !b.example {
			p.block(b)
		}
	}
	if verb == nil {
		p.commands(app)
	}
	p.arguments(node)
	p.options(node)
	p.environment(verb)
	p.files()
	p.statuses()
	if slices.ContainsFunc(blocks, func(b helpBlock) bool { return b.example }) {
		p.section("EXAMPLES")
		for _, b := range blocks {
			if b.example {
				p.block(b)
			}
		}
	}
	p.section("SEE ALSO")
	p.seeAlso(app, verb)
	return p.String()
}

// buildTime is the day of the version that was built, empty where that is not known.
func buildTime() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			day, _, _ := strings.Cut(s.Value, "T")
			return day
		}
	}
	return ""
}

// synopsis shows how a command is called.
func (p *roffPage) synopsis(app *kong.Application, node *kong.Node) {
	if node == app.Node {
		p.raw(`\fBcoreml\fR \fIcommand\fR [\fIflags\fR]`)
		return
	}
	text := `\fBcoreml ` + roffText(node.Name) + `\fR [\fIflags\fR]`
	for _, arg := range node.Positional {
		name := `\fI` + roffText(arg.Name) + `\fR`
		if arg.IsCumulative() {
			name += ` ...`
		}
		if !arg.Required {
			name = "[" + name + "]"
		}
		text += " " + name
	}
	p.raw(text)
}

// commands lists the commands.
func (p *roffPage) commands(app *kong.Application) {
	p.section("COMMANDS")
	for _, verb := range app.Children {
		if verb.Hidden {
			continue
		}
		name := verb.Name
		for _, alias := range verb.Aliases {
			name += ", " + alias
		}
		p.tagged(`\fB`+roffText(name)+`\fR`, verb.Help)
	}
}

// arguments lists what is not a flag.
func (p *roffPage) arguments(node *kong.Node) {
	if len(node.Positional) == 0 {
		return
	}
	p.section("ARGUMENTS")
	for _, arg := range node.Positional {
		p.tagged(`\fI`+roffText(arg.Name)+`\fR`, helpText(arg))
	}
}

// options lists the flags.
func (p *roffPage) options(node *kong.Node) {
	p.section("OPTIONS")
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			name := `\fB\-\-` + roffText(f.Name) + `\fR`
			if f.Tag.Negatable != "" {
				name = `\fB\-\-\fR[\fBno\-\fR]\fB` + roffText(f.Name) + `\fR`
			}
			if f.Short != 0 {
				name = `\fB\-` + roffText(string(f.Short)) + `\fR, ` + name
			}
			if !f.IsBool() && !f.IsCounter() {
				name += `=\fI` + roffText(f.FormatPlaceHolder()) + `\fR`
			}
			p.tagged(name, helpText(f.Value))
		}
	}
}

// environment says how flags are set without the command line.
func (p *roffPage) environment(verb *kong.Node) {
	p.section("ENVIRONMENT")
	p.paragraph("A flag that a call does not have is taken from its environment variable, then from the file of settings, then from its default. The variable of --max-tokens is COREML_MAX_TOKENS. An empty one is not set. A flag that may be repeated has a value on each line of its variable. coreml config shows what is set.")
	p.tagged(`\fBCOREML_CONFIG\fR`, "The file of settings; none stands for no file.")
	p.tagged(`\fBCOREML_ENGINE\fR`, "What runs models where --engine is auto: framework or portable.")
	p.tagged(`\fBCOREML_CPU\fR`, "The instructions that the portable engine uses, such as generic; coreml doctor lists them.")
	p.tagged(`\fBHF_HUB_CACHE\fR, \fBHF_HOME\fR, \fBHF_TOKEN\fR, \fBHF_ENDPOINT\fR, \fBHF_HUB_OFFLINE\fR`, "The cache, the token and the address of the hub, as Python's huggingface_hub reads them.")
	if verb == nil {
		p.tagged(`\fBNO_COLOR\fR`, "When it is not empty, nothing on the terminal is coloured or dimmed.")
	}
}

// files says where settings lie.
func (p *roffPage) files() {
	p.section("FILES")
	p.tagged(`\fI~/.config/coreml/config.yaml\fR`, "The file of settings, on systems other than macOS (~/Library/Application Support/coreml) and Windows (%AppData%).")
}

// statuses lists the exit statuses.
func (p *roffPage) statuses() {
	p.section("EXIT STATUS")
	for _, s := range exitStatuses {
		p.tagged(fmt.Sprint(s.status), s.means)
	}
}

// seeAlso names the other pages.
func (p *roffPage) seeAlso(app *kong.Application, verb *kong.Node) {
	var list []string
	if verb != nil {
		list = append(list, `\fBcoreml\fR(1)`)
	}
	for _, other := range app.Children {
		if !other.Hidden && other != verb {
			list = append(list, `\fB`+roffText(manName(other))+`\fR(1)`)
		}
	}
	slices.SortFunc(list, cmp.Compare[string])
	p.raw(strings.Join(list, ",\n"))
}
