package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// What inspect tells of the way in which packages write text together: several
// functions of one, or all those of a folder.

// textInfo is how text is written. Its JSON is part of the output of --json.
type textInfo struct {
	Driver  *generate.Driver `json:"text_driver,omitempty"`
	Reasons []string         `json:"text_reasons,omitempty"`
	Error   string           `json:"text_error,omitempty"`
}

// folderInfo is what inspect tells of a folder with several packages.
type folderInfo struct {
	Path     string         `json:"path"`
	Packages []*packageInfo `json:"packages"`
	textInfo
}

// detect finds the driver as generate would, with the driver file that is given.
func (c *inspectCmd) detect(ctx context.Context, path string) (*generate.Detection, error) {
	driver, err := namedDriver(c.Driver)
	if err != nil {
		return nil, err
	}
	d, err := generate.DetectPath(ctx, path, &generate.Config{Model: c.configFor(c.Function), Driver: driver})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// printDriver writes the driver as the file that it could be.
func (c *inspectCmd) printDriver(ctx context.Context, io *streams, path string) error {
	d, err := c.detect(ctx, path)
	if err != nil {
		return err
	}
	d.Driver.Version = generate.DriverVersion
	return printIndented(io.out, d.Driver)
}

// addText finds how a package writes text where a single function does not tell it.
func (c *inspectCmd) addText(ctx context.Context, info *packageInfo) error {
	plainDriver := len(info.Functions) == 1 && info.Functions[0].Family != string(generate.FamilyStages)
	if c.Driver == "" && (plainDriver || info.LoadError != "" || len(info.Unsupported) > 0) {
		return nil
	}
	d, err := c.detect(ctx, c.Model)
	if err != nil && c.Driver != "" {
		return err
	}
	if err == nil {
		info.Driver, info.Reasons = d.Driver, d.Reasons
	}
	return ctx.Err()
}

// folder tells of a folder with several packages.
func (c *inspectCmd) folder(ctx context.Context, io *streams, several *severalError) error {
	if c.MIL || c.Plan {
		return usagef("--mil and --plan show one package: name one of those in %s", quoted(c.Model))
	}
	info := &folderInfo{Path: c.Model, Packages: []*packageInfo{}}
	for _, path := range several.found {
		one := *c
		one.Model = path
		p, err := one.summary(ctx)
		if err != nil {
			return err
		}
		info.Packages = append(info.Packages, p)
	}
	d, err := c.detect(ctx, c.Model)
	switch {
	case err != nil && (c.Driver != "" || ctx.Err() != nil):
		return err
	case err != nil:
		info.Error = whyNoText(err)
	default:
		info.Driver, info.Reasons = d.Driver, d.Reasons
		for _, p := range info.Packages {
			p.part = partOf(d.Driver, filepath.Base(p.Path))
		}
	}
	if c.JSON {
		return printIndented(io.out, info)
	}
	var b strings.Builder
	for _, p := range info.Packages {
		b.WriteString(p.text())
		b.WriteByte('\n')
	}
	b.WriteString(info.text())
	_, err = fmt.Fprint(io.out, b.String())
	return err
}

// summary reads a package without running it.
func (c *inspectCmd) summary(ctx context.Context) (_ *packageInfo, err error) {
	pkg, err := modelpkg.OpenPath(c.Model)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Model, err)
	}
	defer pkg.Close() //nolint:errcheck // it was only read
	program, err := mil.Read(ctx, pkg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Model, err)
	}
	pkg.ForgetProgram()
	return c.info(ctx, pkg, program)
}

// partOf says what a package of a folder is for, empty where the driver does not use it.
func partOf(d *generate.Driver, file string) string {
	var parts []string
	for i := range d.Stages {
		if filepath.Base(d.Stages[i].Package) == file {
			parts = append(parts, fmt.Sprintf("stage %d of %d of the folder's text generation", i+1, len(d.Stages)))
		}
	}
	if m := d.Image; m != nil && filepath.Base(m.Package) == file {
		parts = append(parts, "makes rows of pictures for the folder's text generation")
	}
	return strings.Join(parts, ", ")
}

// stageText is a table of the stages, where there are several.
func stageText(d *generate.Driver) string {
	if len(d.Stages) < 2 {
		return ""
	}
	t := table{indent: "  "}
	for i := range d.Stages {
		s := &d.Stages[i]
		runs := s.Function
		if s.Prefill != "" {
			runs += ", of prompts " + s.Prefill
		}
		state := ""
		if s.State != "" {
			state = "state " + s.State
		}
		roles := map[string][]string{}
		for _, name := range slices.Sorted(maps.Keys(s.Inputs)) {
			role := string(s.Inputs[name].Role)
			roles[role] = append(roles[role], name)
		}
		var takes []string
		for _, role := range slices.Sorted(maps.Keys(roles)) {
			names := roles[role]
			if len(names) > 4 {
				names = []string{fmt.Sprintf("%d inputs", len(names))}
			}
			takes = append(takes, role+" in "+strings.Join(names, " and "))
		}
		t.row(fmt.Sprintf("stage %d", i+1), s.Package, runs, state, strings.Join(takes, ", "))
	}
	return t.String()
}

// text describes the driver for people, and why it is that.
func (t *textInfo) text() string {
	var b strings.Builder
	switch {
	case t.Driver != nil:
		fmt.Fprintf(&b, "\ntext generation\n  driven as %s\n", plain(t.Driver.String()))
		b.WriteString(stageText(t.Driver))
		for _, r := range t.Reasons {
			fmt.Fprintf(&b, "  - %s\n", plain(r))
		}
	case t.Error != "":
		fmt.Fprintf(&b, "\nno text generation\n  %s\n", plain(t.Error))
	}
	return b.String()
}
