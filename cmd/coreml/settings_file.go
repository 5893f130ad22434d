package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"github.com/gocoreml/coreml/internal/storage"
)

// mostSettings is the size of the largest file of settings, in bytes.
const mostSettings = 1 << 20

// noSettings is the value of COREML_CONFIG that stands for no file.
const noSettings = "none"

// settingsFile is a file of settings that was read.
type settingsFile struct {
	path string
	// all are the settings of every verb that has such a flag, verbs those of one verb;
	// both by the names of flags.
	all   map[string]flagSetting
	verbs map[string]map[string]flagSetting
}

// settingsPath is where the file of settings lies, empty where there is none; asked is
// set where the user named it, so that it must be there.
func settingsPath() (path string, asked bool) {
	switch name := os.Getenv(envConfig); name {
	case "":
	case noSettings:
		return "", true
	default:
		return name, true
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", false // a service may run without a home
	}
	return filepath.Join(dir, "coreml", "config.yaml"), false
}

// readSettings reads the file of settings. It returns nil where there is none.
func readSettings(app *kong.Application) (*settingsFile, error) {
	path, asked := settingsPath()
	if path == "" {
		return nil, nil
	}
	data, err := storage.ReadOptional(os.DirFS(filepath.Dir(path)), filepath.Base(path), mostSettings)
	if err == nil && data == nil {
		if !asked {
			return nil, nil
		}
		err = errors.New("it is not there")
	}
	if err != nil {
		err = silentPath(err)
		if asked {
			return nil, usagef("%s is %s: %s", envConfig, quoted(path), why(err))
		}
		return nil, usagef("the settings in %s cannot be read: %s", quoted(path), why(err))
	}
	f := &settingsFile{path: path, all: map[string]flagSetting{}, verbs: map[string]map[string]flagSetting{}}
	if err := f.parse(data, app); err != nil {
		return nil, usagef("%s: %s", plain(path), err)
	}
	return f, nil
}

// parse reads the text of the file.
func (f *settingsFile) parse(data []byte, app *kong.Application) error {
	in := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := in.Decode(&doc); errors.Is(err, io.EOF) {
		return nil // nothing but comments
	} else if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := in.Decode(&more); !errors.Is(err, io.EOF) {
		return fmt.Errorf("line %d: there is a second document", max(more.Line, 1))
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil
	}
	verbs := map[string]*kong.Node{}
	all := map[string]*kong.Flag{}
	for _, verb := range app.Leaves(true) {
		verb = verbOf(verb)
		if slices.Contains(unsetVerbs, verb.Name) {
			continue
		}
		verbs[verb.Name] = verb
		for _, flag := range verbFlags(verb) {
			all[flag.Name] = flag
		}
	}
	return eachKey(root, "the settings", func(key, value *yaml.Node) error {
		verb, isVerb := verbs[key.Value]
		if !isVerb || value.Kind != yaml.MappingNode {
			return f.set(f.all, key, value, all, "", slices.Collect(maps.Keys(verbs)))
		}
		own := map[string]*kong.Flag{}
		for _, flag := range verbFlags(verb) {
			own[flag.Name] = flag
		}
		f.verbs[verb.Name] = map[string]flagSetting{}
		return eachKey(value, verb.Name, func(key, value *yaml.Node) error {
			return f.set(f.verbs[verb.Name], key, value, own, " of "+verb.Name, nil)
		})
	})
}

// eachKey goes through an object of the file. Names that come twice are refused: who
// changes one of them should not wonder about the other.
func eachKey(object *yaml.Node, what string, do func(key, value *yaml.Node) error) error {
	if object.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %s are names of flags with their values, as in temperature: 0.7", object.Line, what)
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(object.Content); i += 2 {
		key := object.Content[i]
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a name is a text", key.Line)
		}
		if before, twice := seen[key.Value]; twice {
			return fmt.Errorf("line %d: %s is set in line %d already", key.Line, quoted(firstLine(key.Value)), before)
		}
		seen[key.Value] = key.Line
		if err := do(key, object.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// set keeps the value of a flag.
func (f *settingsFile) set(into map[string]flagSetting, key, value *yaml.Node, flags map[string]*kong.Flag, whose string, sections []string) error {
	name := key.Value
	flag, ok := flags[name]
	if !ok {
		text := fmt.Sprintf("line %d: there is no flag %s%s", key.Line, quoted(firstLine(name)), whose)
		if near := closest(name, append(slices.Sorted(maps.Keys(flags)), sections...)); near != "" {
			text += fmt.Sprintf(" (did you mean %s?)", quoted(near))
		}
		return errors.New(text)
	}
	values, err := settingValues(value, flag)
	if err != nil {
		return fmt.Errorf("line %d: %s: %w", key.Line, name, err)
	}
	into[name] = flagSetting{values: values, from: fmt.Sprintf("%s:%d", f.path, key.Line), line: key.Line}
	return nil
}

// settingValues are the texts of a flag's value. Numbers and words stand as they are
// written.
func settingValues(value *yaml.Node, flag *kong.Flag) ([]string, error) {
	switch value.Kind {
	case yaml.ScalarNode:
		text, err := scalarText(value)
		return []string{text}, err
	case yaml.SequenceNode:
		if !flag.IsCumulative() {
			return nil, errors.New("it takes one value, and this is a list")
		}
		list := []string{}
		for _, item := range value.Content {
			text, err := scalarText(item)
			if err != nil {
				return nil, err
			}
			list = append(list, text)
		}
		return list, nil
	case yaml.MappingNode:
		if !flag.IsMap() {
			return nil, errors.New("it takes a value, and this is a list of names with values")
		}
		list := []string{}
		err := eachKey(value, flag.Name, func(key, item *yaml.Node) error {
			text, err := scalarText(item)
			list = append(list, key.Value+"="+text)
			return err
		})
		return list, err
	}
	return nil, errNoAlias
}

// errNoAlias refuses what can make a small file a large one.
var errNoAlias = errors.New("references to other values are not supported")

// scalarText is the text of one value.
func scalarText(value *yaml.Node) (string, error) {
	switch {
	case value.Kind == yaml.AliasNode:
		return "", errNoAlias
	case value.Kind != yaml.ScalarNode:
		return "", errors.New("a value is a text, a number, true or false")
	case value.Tag == "!!null":
		return "", errors.New("it has no value")
	}
	return value.Value, nil
}

// secrets lists the flags with secrets in the file that other users of the system may
// read. It returns nil where the system has no such permissions.
func (f *settingsFile) secrets() []string {
	info, err := os.Stat(f.path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	var list []string
	for _, set := range append(slices.Collect(maps.Values(f.verbs)), f.all) {
		for name := range set {
			if isSecret(name) && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	slices.Sort(list)
	return list
}
