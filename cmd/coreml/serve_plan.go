package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// What the flags of serve say becomes a list of models here, before any of them is opened.

// storytellerID is what requests call the embedded model.
const storytellerID = "storyteller"

// namedPath is the value of a flag of the form [ID=]PATH, as it was given.
type namedPath string

// UnmarshalText is called by kong.
func (p *namedPath) UnmarshalText(text []byte) error {
	*p = namedPath(text)
	return nil
}

// split returns the parts. What lies on the disk under the whole text is a path with an
// equals sign.
func (p namedPath) split() (id, path string) {
	text := string(p)
	id, path, found := strings.Cut(text, "=")
	if !found || onDisk(text) {
		return "", text
	}
	return id, path
}

// modelPlan is a model that is to be served.
type modelPlan struct {
	id        string
	name      string // as the user called it, empty for the embedded one
	tokenizer string
	draft     string
	adapters  map[string][]coreml.Adapter
}

// plan reads which models there are to be, and what belongs to which.
func (c *serveCmd) plan() ([]*modelPlan, error) {
	list, err := c.models()
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		flag  string
		given []namedPath
		place func(*modelPlan) *string
	}{
		{"--tokenizer", c.Tokenizer, func(m *modelPlan) *string { return &m.tokenizer }},
		{"--draft", c.Draft, func(m *modelPlan) *string { return &m.draft }},
	} {
		for _, given := range f.given {
			id, path := given.split()
			m, err := owner(list, f.flag, string(given), id, "ID="+path)
			if err != nil {
				return nil, err
			}
			place := f.place(m)
			if *place != "" {
				return nil, usagef("%s is given twice for model %s", f.flag, quoted(m.id))
			}
			if *place = path; path == "" {
				return nil, usagef("%s is %s, with nothing behind the equals sign", f.flag, quoted(string(given)))
			}
		}
	}
	return list, c.planAdapters(list)
}

// models are those of --model.
func (c *serveCmd) models() ([]*modelPlan, error) {
	if len(c.Model) == 0 {
		return []*modelPlan{{id: storytellerID}}, nil
	}
	var list []*modelPlan
	seen := map[string]string{}
	for _, given := range c.Model {
		id, name := given.split()
		switch {
		case name == "":
			return nil, usagef("--model is %s, with nothing behind the equals sign", quoted(string(given)))
		case id == "" && strings.HasPrefix(string(given), "="):
			return nil, usagef("--model is %s, with no ID before the equals sign", quoted(string(given)))
		case id == "":
			id = defaultID(name)
		}
		if strings.ContainsRune(id, ':') {
			return nil, usagef("the ID %s has a colon, which stands between a model and its adapter", quoted(id))
		}
		if other, twice := seen[id]; twice {
			return nil, usagef("two models are called %s, %s and %s: give one another ID, as in --model other=%s", quoted(id), quoted(other), quoted(name), plain(name))
		}
		seen[id] = name
		list = append(list, &modelPlan{id: id, name: name})
	}
	return list, nil
}

// defaultID is what a model is called where the user does not say: as its package or its
// folder, without the ending, or as its repository.
func defaultID(name string) string {
	if !onDisk(name) && isName(name) {
		repo, where, _ := strings.Cut(strings.TrimPrefix(name, "hf://"), ":")
		if where == "" {
			repo, _, _ = strings.Cut(repo, "@")
			return repo
		}
		name = where
	}
	if abs, err := filepath.Abs(name); err == nil {
		name = abs // of ".", the folder's own name
	}
	base := filepath.Base(filepath.ToSlash(name))
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// owner returns the model that a flag is for.
func owner(list []*modelPlan, flag, given, id, form string) (*modelPlan, error) {
	if id == "" {
		if len(list) == 1 {
			return list[0], nil
		}
		return nil, usagef("%s %s does not say for which of the models it is: write %s %s", flag, quoted(given), flag, plain(form))
	}
	ids := make([]string, len(list))
	for i, m := range list {
		if m.id == id {
			return m, nil
		}
		ids[i] = m.id
	}
	text := fmt.Sprintf("%s %s is for a model %s, and the models are %s", flag, quoted(given), quoted(id), nameList(ids))
	if near := closest(id, ids); near != "" {
		text += fmt.Sprintf(" (did you mean %s?)", quoted(near))
	}
	return nil, usagef("%s", text)
}

// planAdapters reads the adapters: [ID:]NAME=DIR[=SCALE]. Several of one name are applied
// together.
func (c *serveCmd) planAdapters(list []*modelPlan) error {
	for _, given := range c.Adapter {
		left, right, found := strings.Cut(string(given), "=")
		id, name := "", left
		if i := strings.LastIndexByte(left, ':'); i >= 0 {
			id, name = left[:i], left[i+1:]
		}
		if !found || name == "" || right == "" {
			return usagef("--adapter is %s: the form is NAME=DIR, as in --adapter poet=adapters/poet", quoted(string(given)))
		}
		m, err := owner(list, "--adapter", string(given), id, "ID:"+string(given))
		if err != nil {
			return err
		}
		var a adapterFlag
		if err := a.UnmarshalText([]byte(right)); err != nil {
			return usagef("--adapter %s: %s", quoted(string(given)), err)
		}
		if m.adapters == nil {
			m.adapters = map[string][]coreml.Adapter{}
		}
		m.adapters[name] = append(m.adapters[name], coreml.Adapter(a))
	}
	return nil
}
