package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/generate"
)

// chatSetting is a setting that /set shows and changes.
type chatSetting struct {
	name string
	// usual settings are always shown, others where they differ from the library's.
	usual bool
	// show returns the value that holds.
	show func() string
	// set changes it; "default" as the value has set called with reset.
	set   func(value string) error
	reset func()
}

// settings are what /set knows of: the flags of sampling by their names, and what else
// may change from answer to answer.
func (t *chat) settings() []chatSetting {
	list := t.samplingSettings()
	list = append(list,
		t.count("max-tokens", &t.call.MaxTokens),
		chatSetting{
			name: "stop", usual: true, show: func() string { return orNone(quotedList(t.call.Stop)) },
			set: func(v string) error { t.call.Stop = append(slices.Clone(t.call.Stop), v); return nil }, reset: func() { t.call.Stop = nil },
		},
		t.count("reasoning-budget", &t.call.ReasoningBudget),
		chatSetting{
			name: "overflow", usual: true, show: func() string { return t.call.Overflow },
			set: func(v string) error {
				if known := append([]string{"auto"}, overflows...); !slices.Contains(known, v) {
					return fmt.Errorf("overflow is %s: it must be one of %s", quoted(firstLine(v)), strings.Join(known, ", "))
				}
				t.call.Overflow = v
				return nil
			},
			reset: func() { t.call.Overflow = "auto" },
		},
		chatSetting{
			name: "template-var", usual: true, show: func() string { return orNone(varList(t.call.TemplateVar)) },
			set: t.setTemplateVar, reset: func() { t.call.TemplateVar = nil },
		},
		onOff("thinking", &t.showThinking, true),
		onOff("stats", &t.showStats, false),
		onOff("wrap", &t.wraps, true),
	)
	return list
}

// usualSampling are the settings of sampling that are always shown.
var usualSampling = []string{"temperature", "top-k", "top-p", "min-p", "repetition-penalty"}

// samplingSettings are those that are numbers, and the seed.
func (t *chat) samplingSettings() (list []chatSetting) {
	f := &t.call.samplingFlags
	for _, x := range f.numbers() {
		list = append(list, samplingSetting(t, x, func(v string) (float64, error) { return strconv.ParseFloat(v, 64) }, "a number"))
	}
	for _, x := range f.counts() {
		list = append(list, samplingSetting(t, x, strconv.Atoi, "a whole number"))
	}
	// The usual ones first, in the order in which people think of them.
	slices.SortStableFunc(list, func(a, b chatSetting) int { return usualPlace(a.name) - usualPlace(b.name) })
	return append(list, chatSetting{
		name: "seed", usual: true,
		show: func() string {
			if s := t.call.effective(t.g.Generator); s != nil && s.Seed != nil {
				return strconv.FormatUint(*s.Seed, 10)
			}
			return "another one for each answer"
		},
		set: func(v string) error {
			n, err := strconv.ParseUint(v, 10, 64)
			if err != nil {
				return fmt.Errorf("seed is %s: it must be a whole number, 0 or more", quoted(firstLine(v)))
			}
			f.Seed = &n
			return nil
		},
		reset: func() { f.Seed = nil },
	})
}

// usualPlace is where a setting stands in the list.
func usualPlace(name string) int {
	if i := slices.Index(usualSampling, name); i >= 0 {
		return i
	}
	return len(usualSampling)
}

// samplingSetting makes a setting of a flag.
func samplingSetting[T int | float64](t *chat, x setting[T], parse func(string) (T, error), what string) chatSetting {
	return chatSetting{
		name: x.flag, usual: slices.Contains(usualSampling, x.flag),
		show: func() string {
			var s generate.Sampling
			if now := t.call.effective(t.g.Generator); now != nil {
				// What place makes on its way to the field is made in copies.
				s = *now
				s.XTC, s.Mirostat, s.DRY, s.ForcedBOS = copied(s.XTC), copied(s.Mirostat), copied(s.DRY), copied(s.ForcedBOS)
			}
			return fmt.Sprint(*x.place(&s))
		},
		set: func(v string) error {
			n, err := parse(v)
			if err != nil {
				return fmt.Errorf("%s is %s: it must be %s", x.flag, quoted(firstLine(v)), what)
			}
			*x.value = &n
			return nil
		},
		reset: func() { *x.value = nil },
	}
}

// count is a setting that is a whole number, 0 for the default.
func (t *chat) count(name string, value *int) chatSetting {
	return chatSetting{
		name: name, usual: true, show: func() string { return strconv.Itoa(*value) },
		set: func(v string) error {
			n, err := strconv.Atoi(v)
			if err != nil {
				return fmt.Errorf("%s is %s: it must be a whole number", name, quoted(firstLine(v)))
			}
			*value = n
			return nil
		},
		reset: func() { *value = 0 },
	}
}

// onOff is a setting that is on or off.
func onOff(name string, value *bool, usually bool) chatSetting {
	words := map[bool]string{true: "on", false: "off"}
	return chatSetting{
		name: name, usual: true, show: func() string { return words[*value] },
		set: func(v string) error {
			if v != "on" && v != "off" {
				return fmt.Errorf("%s is %s: it must be on or off", name, quoted(firstLine(v)))
			}
			*value = v == "on"
			return nil
		},
		reset: func() { *value = usually },
	}
}

// setTemplateVar sets a variable of the chat template, given as NAME=JSON.
func (t *chat) setTemplateVar(v string) error {
	name, value, found := strings.Cut(v, "=")
	if !found || name == "" {
		return fmt.Errorf("template-var is %s: it must be a name with a value, as in /set template-var enable_thinking=false", quoted(firstLine(v)))
	}
	if _, err := readJSONValue([]byte(value)); err != nil {
		return fmt.Errorf("template-var %s is %s, which is no JSON: a text needs quotes", plain(name), quoted(firstLine(value)))
	}
	vars := maps.Clone(t.call.TemplateVar)
	if vars == nil {
		vars = map[string]string{}
	}
	vars[name] = value
	t.call.TemplateVar = vars
	return nil
}

// orNone is a text, or the word for there being none.
func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// quotedList is a list of texts on a line.
func quotedList(texts []string) string {
	var list []string
	for _, s := range texts {
		list = append(list, quoted(s))
	}
	return strings.Join(list, ", ")
}

// varList is the variables of a template on a line.
func varList(vars map[string]string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		list = append(list, plain(name+"="+vars[name]))
	}
	return strings.Join(list, ", ")
}

// settingNames are the names of the settings.
func (t *chat) settingNames() (names []string) {
	for _, s := range t.settings() {
		names = append(names, s.name)
	}
	return names
}

// cmdSet shows the settings, or one, or changes one. What the library would refuse is
// refused here, and the setting is what it was.
func (t *chat) cmdSet(_ context.Context, arg string) error {
	name, value, _ := strings.Cut(arg, " ")
	name, value = strings.ToLower(strings.TrimPrefix(name, "--")), strings.TrimSpace(value)
	settings := t.settings()
	if name == "" {
		t.showSettings(settings)
		return nil
	}
	at := slices.IndexFunc(settings, func(s chatSetting) bool { return s.name == name })
	if at < 0 {
		text := "there is no setting " + quoted(firstLine(name))
		if near := meant(name, t.settingNames()); near != "" {
			text += fmt.Sprintf(" (did you mean %s?)", near)
		}
		return errors.New(text + "; /set shows them")
	}
	s := settings[at]
	switch value {
	case "":
	case "default":
		s.reset()
	default:
		before := *t.call
		err := s.set(value)
		if err == nil {
			err = t.checkSettings()
		}
		if err != nil {
			*t.call = before
			return err
		}
	}
	t.note("%s is %s.", s.name, s.show())
	return nil
}

// showSettings shows the usual settings and those others that do something, and names
// the rest.
func (t *chat) showSettings(settings []chatSetting) {
	var rest []string
	rows := table{indent: "  "}
	for _, s := range settings {
		if value := s.show(); s.usual || value != "0" {
			rows.row(s.name, value)
		} else {
			rest = append(rest, s.name)
		}
	}
	t.say(plainStyle, rows.String()+"Others: "+strings.Join(rest, ", ")+". /set NAME VALUE changes one, /set NAME default takes that back.")
}

// checkSettings says which setting cannot be, in the words of the flag of its name.
func (t *chat) checkSettings() error {
	call := *t.call
	call.Overflow = "error" // it was checked
	if err := call.Validate(); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "--"))
	}
	_, err := t.options()
	return err
}
