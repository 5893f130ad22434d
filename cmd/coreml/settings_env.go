package main

import (
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/gocoreml/coreml/internal/kernel"
)

// The variables that are no flag's.
const (
	envConfig  = "COREML_CONFIG"  // the file of settings
	envEngine  = "COREML_ENGINE"  // the library's, for engines that are chosen automatically
	envHistory = "COREML_HISTORY" // the file of what was typed in chat
)

// ofLibrary reports whether a variable that the library reads takes the place of a
// flag's default.
func ofLibrary(flag *kong.Flag) bool {
	return flag.Name == "engine" && flag.Default == "auto" && os.Getenv(envEngine) != ""
}

// variable is the name of the environment variable of a flag, empty where it has none.
//
// A verb whose engine is not chosen automatically does not look at the library's
// variable, and --config of compress is not the file of settings.
func variable(flag string) string {
	name := "COREML_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(flag))
	if name == envConfig || name == envEngine {
		return ""
	}
	return name
}

// variables are the variables of all flags, in the order of their names, each with one
// of its flags.
func variables(app *kong.Application) iter.Seq2[string, *kong.Flag] {
	all := map[string]*kong.Flag{}
	for _, verb := range app.Leaves(true) {
		for _, flag := range verbFlags(verbOf(verb)) {
			if name := variable(flag.Name); name != "" && !slices.Contains(unsetVerbs, verbOf(verb).Name) {
				all[name] = flag
			}
		}
	}
	return func(yield func(string, *kong.Flag) bool) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !yield(name, all[name]) {
				return
			}
		}
	}
}

// misspelt are the variables that are set and nearly have the name of a flag's, each
// with that name.
func misspelt(app *kong.Application) []string {
	known := []string{envConfig, envEngine, envHistory, kernel.EnvCPU}
	for name := range variables(app) {
		known = append(known, name)
	}
	var list []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "COREML_") || slices.Contains(known, name) {
			continue
		}
		if near := closest(strings.TrimPrefix(name, "COREML_"), trimmed(known)); near != "" {
			list = append(list, fmt.Sprintf("%s is the variable of no flag: did you mean COREML_%s?", name, near))
		}
	}
	slices.Sort(list)
	return list
}

// trimmed are names of variables without what all of them begin with.
func trimmed(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = strings.TrimPrefix(name, "COREML_")
	}
	return list
}

// ofEnvironment returns what the environment sets a flag to. A variable that is empty
// is not set.
//
// A line stands for each time that the flag is given: any other separator can be part
// of a text. Lists of numbers have commas besides, as on the command line.
func ofEnvironment(flag *kong.Flag) (flagSetting, bool) {
	name := variable(flag.Name)
	if name == "" {
		return flagSetting{}, false
	}
	text := os.Getenv(name)
	if text == "" {
		return flagSetting{}, false
	}
	values := []string{text}
	if flag.IsCumulative() {
		values = strings.Split(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n")
	}
	return flagSetting{values: values, from: name}, true
}
