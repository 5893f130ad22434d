package main

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// configCmd is the verb config. It promises to show what is set for flags that a call
// does not have and where from, and everything that is wrong with it, so that no call
// has to be made to find out. Secrets are not shown.
type configCmd struct {
	Command string `arg:"" optional:"" help:"Show every flag of this command with the value that it has, also where that is the default."`
	JSON    bool   `help:"Print one JSON object."`
}

// Help is printed by kong above the flags.
func (*configCmd) Help() string {
	return `A flag that a call does not have is taken from its environment variable, then from the file of settings, then from its default. COREML_MAX_TOKENS is the variable of --max-tokens. The file is config.yaml in the folder coreml of the user's settings, or where COREML_CONFIG says; COREML_CONFIG=none stands for no file. It has names of flags with their values, for all commands or for one:

    model: org/name
    generate:
      max-tokens: 512

The exit status is 1 when something is wrong with a setting.

Examples:

    coreml config
    coreml config generate
    coreml config --json`
}

// configJSON is the object of --json.
type configJSON struct {
	Path     string        `json:"path"` // empty where there is none
	Found    bool          `json:"found"`
	Settings []settingJSON `json:"settings"`
	Problems []string      `json:"problems"`
	Notes    []string      `json:"notes"` // what may be a mistake
}

// settingJSON is what a flag is set to.
type settingJSON struct {
	Flag     string   `json:"flag"`
	Commands []string `json:"commands"`
	Values   []string `json:"values"` // empty for a secret, and for a default that is none
	Secret   bool     `json:"secret"`
	Source   string   `json:"source"` // environment, file or default
	Variable string   `json:"variable,omitempty"`
	Line     int      `json:"line,omitempty"`
}

// Run is called by kong.
func (c *configCmd) Run(s *streams, call *kong.Context, set *settings) error {
	report := &configJSON{Settings: []settingJSON{}, Problems: []string{}, Notes: orEmpty(misspelt(call.Model))}
	report.Path, _ = settingsPath()
	var nodes []*kong.Node
	for _, leaf := range call.Model.Leaves(true) {
		if verb := verbOf(leaf); !slices.Contains(unsetVerbs, verb.Name) && !slices.Contains(nodes, verb) {
			nodes = append(nodes, verb)
		}
	}
	if c.Command != "" {
		nodes = slices.DeleteFunc(nodes, func(n *kong.Node) bool { return n.Name != c.Command && !slices.Contains(n.Aliases, c.Command) })
		if len(nodes) == 0 {
			return usagef("%s is no command that has settings (see coreml --help)", quoted(firstLine(c.Command)))
		}
	}
	if err := set.load(call.Model); err != nil {
		report.Problems = append(report.Problems, err.Error())
	}
	report.Found = set.file != nil
	for _, verb := range nodes {
		for _, flag := range verbFlags(verb) {
			report.add(set, verb, flag, c.Command != "")
		}
	}
	if set.file != nil {
		for _, name := range set.file.secrets() {
			report.Problems = append(report.Problems, fmt.Sprintf("other users of this system may read the file, which has the value of --%s: chmod 600 makes it yours alone", name))
		}
	}
	var err error
	if c.JSON {
		err = printIndented(s.out, report)
	} else {
		_, err = io.WriteString(s.out, report.text(helpWidth(s), s.sentence))
	}
	if err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return errFailed
	}
	return nil
}

// add adds what a flag of a verb is set to. Verbs that have it from the same place
// share an entry.
func (r *configJSON) add(set *settings, verb *kong.Node, flag *kong.Flag, defaults bool) {
	entry := settingJSON{Flag: flag.Name, Commands: []string{verb.Name}, Values: []string{}, Secret: isSecret(flag.Name), Source: "default"}
	found, ok := set.lookup(verb, flag)
	switch {
	case !ok && flag.Name == "engine" && ofLibrary(flag):
		found, ok = flagSetting{values: []string{os.Getenv(envEngine)}, from: envEngine}, true
		entry.Source, entry.Variable = "environment", envEngine
	case !ok && !defaults:
		return
	case !ok:
		if flag.HasDefault {
			entry.Values = append(entry.Values, flag.Default)
		}
	case found.line > 0:
		entry.Source, entry.Line = "file", found.line
	default:
		entry.Source, entry.Variable = "environment", found.from
	}
	if ok && !entry.Secret {
		entry.Values = orEmpty(found.values)
	}
	if ok {
		if err := tryValue(flag, found); err != nil {
			problem := fmt.Sprintf("%s: %s: %s", found.from, verb.Name, err)
			r.Problems = append(r.Problems, problem)
		}
	}
	for i := range r.Settings {
		if old := &r.Settings[i]; old.Flag == entry.Flag && old.Source == entry.Source && old.Line == entry.Line && slices.Equal(old.Values, entry.Values) {
			old.Commands = append(old.Commands, verb.Name)
			return
		}
	}
	r.Settings = append(r.Settings, entry)
}

// tryValue reads a setting as a call would.
func tryValue(flag *kong.Flag, set flagSetting) error {
	value, err := set.resolved(flag)
	if err != nil {
		return err
	}
	into := reflect.New(flag.Target.Type()).Elem()
	if into.Kind() == reflect.Map {
		into.Set(reflect.MakeMap(into.Type()))
	}
	ctx := &kong.DecodeContext{Value: flag.Value, Scan: kong.Scan().PushTyped(value, kong.FlagValueToken)}
	if err := flag.Mapper.Decode(ctx, into); err != nil {
		return err
	}
	if choices := choicesOf(flag.Value); flag.Enum != "" && !slices.Contains(choices, set.values[0]) {
		return fmt.Errorf("--%s must be one of %s", flag.Name, nameList(choices))
	}
	return nil
}

// text is the report for people, for a terminal of so many columns, with what breaks
// sentences for it.
func (r *configJSON) text(width int, sentence func(string) string) string {
	var b strings.Builder
	switch {
	case r.Path == "":
		b.WriteString("no file of settings\n")
	case r.Found:
		b.WriteString("settings in " + plain(r.Path) + "\n")
	case len(r.Problems) > 0:
		b.WriteString("settings in " + plain(r.Path) + ", which are not used\n")
	default:
		b.WriteString("no settings in " + plain(r.Path) + ": the file is not there\n")
	}
	if len(r.Settings) > 0 {
		var t table
		for i := range r.Settings {
			t.row("--"+r.Settings[i].Flag, r.Settings[i].value(), r.Settings[i].where())
		}
		b.WriteString("\n")
		if width < narrow {
			for _, row := range t.rows {
				b.WriteString(row[0] + "\n  " + row[1] + "\n  " + row[2] + "\n")
			}
		} else {
			b.WriteString(t.String())
		}
	}
	for _, problem := range r.Problems {
		b.WriteString(sentence("problem: " + plain(problem)))
	}
	for _, note := range r.Notes {
		b.WriteString(sentence("note: " + plain(note)))
	}
	return b.String()
}

// value is the value for people.
func (v *settingJSON) value() string {
	switch {
	case v.Secret && v.Source != "default":
		return "(secret)"
	case len(v.Values) == 0:
		return "-"
	}
	list := make([]string, len(v.Values))
	for i, text := range v.Values {
		list[i] = plain(firstLine(text))
	}
	return strings.Join(list, ", ")
}

// where says where a value comes from, and for which commands.
func (v *settingJSON) where() string {
	const most = 3
	names := v.Commands
	text := strings.Join(names[:min(len(names), most)], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	switch v.Source {
	case "environment":
		return v.Variable + ", for " + text
	case "file":
		return fmt.Sprintf("line %d, for %s", v.Line, text)
	}
	return "default"
}
