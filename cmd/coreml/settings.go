package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Flags that the command line does not give are taken from the environment, then from
// the file of settings, then from their defaults. What there is to set is read off
// kong's model of the verbs, so that a new flag can be set without a word about it.

// flagSetting is the value of a flag that was not given on the command line.
type flagSetting struct {
	// values are texts as the command line has them, one for each time that the flag
	// is given there.
	values []string
	// from is the variable, or the file with the line.
	from string
	line int // in the file; 0 for a variable
}

// settings looks settings up. It implements [kong.Resolver].
type settings struct {
	file *settingsFile
	err  error // why there is no file
	read bool
	// used are the settings of the call, by the names of their flags.
	used map[string]flagSetting
}

// unsetVerbs are the verbs that are not set up by anything but the command line: they
// show or mend settings that are wrong.
var unsetVerbs = []string{"config", "completion", "man", "version"}

// Validate is called by kong.
func (s *settings) Validate(*kong.Application) error { return nil }

// Resolve is called by kong for each flag of the verb that the command line does not
// have.
func (s *settings) Resolve(call *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	verb := verbOf(call.Selected())
	if verb == nil || slices.Contains(unsetVerbs, verb.Name) || !settable(flag) || givenAsArgument(call, flag.Name) {
		return nil, nil
	}
	if err := s.load(call.Model); err != nil {
		return nil, &settingsError{err}
	}
	set, ok := s.lookup(verb, flag)
	if !ok {
		return nil, nil
	}
	if s.used == nil {
		s.used = map[string]flagSetting{}
	}
	s.used[flag.Name] = set
	return set.resolved(flag)
}

// load reads the file, the first time.
func (s *settings) load(app *kong.Application) error {
	if !s.read {
		s.file, s.err = readSettings(app)
		s.read = true
	}
	return s.err
}

// lookup returns what is set for a flag of a verb.
func (s *settings) lookup(verb *kong.Node, flag *kong.Flag) (flagSetting, bool) {
	if set, ok := ofEnvironment(flag); ok {
		return set, true
	}
	if s.file == nil || ofLibrary(flag) {
		return flagSetting{}, false
	}
	set, ok := s.file.verbs[verb.Name][flag.Name]
	if !ok {
		set, ok = s.file.all[flag.Name]
	}
	return set, ok
}

// resolved is a setting in the form that kong hands on to what reads the flag.
func (v flagSetting) resolved(flag *kong.Flag) (any, error) {
	if !flag.IsCumulative() && len(v.values) != 1 {
		return nil, &valueError{fmt.Sprintf("--%s takes one value, not %d", flag.Name, len(v.values))}
	}
	if !flag.IsBool() {
		return v, nil
	}
	switch strings.ToLower(v.values[0]) {
	case "true", "1", "yes":
		return true, nil
	case "false", "0", "no":
		return false, nil
	}
	return nil, &valueError{fmt.Sprintf("--%s is %s: it must be true or false", flag.Name, quoted(firstLine(v.values[0])))}
}

// blame says of the settings that an error names where they come from: the command
// line, which the user sees, does not have them.
func (s *settings) blame(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	var notes []string
	for _, name := range slices.Sorted(maps.Keys(s.used)) {
		if set := s.used[name]; namesFlag(text, name) || set.isIn(text) && !isSecret(name) {
			notes = append(notes, "--"+name+" comes from "+set.from)
		}
	}
	if len(notes) == 0 {
		return err
	}
	note := strings.Join(notes, ", ")
	usage, ok := err.(*usageError) //nolint:errorlint // a call that is wrong is never wrapped
	if !ok {
		return errors.Join(err, errors.New(note))
	}
	if before, hint, found := strings.Cut(usage.text, " (see coreml "); found {
		return usagef("%s; %s (see coreml %s", before, note, hint)
	}
	return usagef("%s; %s", usage.text, note)
}

// isIn reports whether a text has the setting's value, and not by chance.
func (v flagSetting) isIn(text string) bool {
	const least = 5
	return slices.ContainsFunc(v.values, func(value string) bool { return len(value) >= least && strings.Contains(text, value) })
}

// warn tells of secrets that others may read, where the call has them.
func (s *settings) warn(w io.Writer) {
	if s.file == nil {
		return
	}
	for _, name := range s.file.secrets() {
		if s.used[name].line > 0 {
			note(w, []string{fmt.Sprintf("other users of this system may read %s, which has the value of --%s: chmod 600 makes it yours alone", quoted(s.file.path), name)})
		}
	}
}

// namesFlag reports whether a text has the name of a flag, and not as the beginning of
// another one.
func namesFlag(text, name string) bool {
	for {
		_, rest, found := strings.Cut(text, "--"+name)
		if !found {
			return false
		}
		if rest == "" || !strings.ContainsAny(rest[:1], "abcdefghijklmnopqrstuvwxyz0123456789-") {
			return true
		}
		text = rest
	}
}

// settable reports whether a flag can be set: all can but those that end the call.
func settable(flag *kong.Flag) bool { return flag.Name != "help" && flag.Name != "version" }

// isSecret reports whether the value of a flag must not be shown.
func isSecret(flag string) bool { return flag == "token" || flag == "api-key" }

// verbOf is the command below the root that a command belongs to, nil for the root.
func verbOf(node *kong.Node) *kong.Node {
	for node != nil && node.Parent != nil && node.Parent.Type != kong.ApplicationNode {
		node = node.Parent
	}
	if node == nil || node.Type == kong.ApplicationNode {
		return nil
	}
	return node
}

// verbFlags are the flags of a verb and of what is below it, that can be set.
func verbFlags(verb *kong.Node) []*kong.Flag {
	list := slices.DeleteFunc(slices.Clone(verb.Flags), func(f *kong.Flag) bool { return !settable(f) })
	for _, child := range verb.Children {
		list = append(list, verbFlags(child)...)
	}
	return list
}

// givenAsArgument reports whether a call has an argument that says the same as a flag:
// a package, of a verb that has --model too. What is typed goes before what is set.
func givenAsArgument(call *kong.Context, flag string) bool {
	return flag == "model" && slices.ContainsFunc(call.Path, func(p *kong.Path) bool {
		return p.Positional != nil && p.Positional.Name == "package"
	})
}

// settingsError is an error of the file of settings, which has no fault of a flag in it.
type settingsError struct{ error }

// Unwrap returns the error.
func (e *settingsError) Unwrap() error { return e.error }
