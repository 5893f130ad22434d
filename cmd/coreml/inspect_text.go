package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/kernel"
)

// text describes the package for people.
//
// What is empty has no line: most packages have no author and no license.
func (p *packageInfo) text() string {
	var b strings.Builder
	// Texts of the package are cut to a line and go through table.row, which takes
	// the sting out of them.
	head := table{indent: ""}
	for _, line := range [][2]string{
		{"package", p.Path},
		{"specification", fmt.Sprint(p.Specification)},
		{"description", oneLine(p.Description)},
		{"version", p.Version},
		{"author", p.Author},
		{"license", p.License},
		{"engine", p.engineText()},
		{"note", kernel.CPU().Problem},
	} {
		if line[1] != "" {
			head.row(line[0], line[1])
		}
	}
	b.WriteString(head.String())
	if len(p.Metadata) > 0 {
		b.WriteString("\nmetadata\n")
		t := table{indent: "  "}
		// The package's own order is that of a map, too.
		for _, key := range slices.Sorted(maps.Keys(p.Metadata)) {
			t.row(key, oneLine(p.Metadata[key]))
		}
		b.WriteString(t.String())
	}
	for i := range p.Functions {
		p.functionText(&b, &p.Functions[i], p.described[i])
	}
	b.WriteString(p.textInfo.text())
	if len(p.Weights) > 0 {
		b.WriteString("\nweights\n")
		t := table{indent: "  ", right: map[int]bool{1: true, 2: true, 3: true}}
		t.row("format", "tensors", "elements", "size")
		for _, w := range p.Weights {
			t.row(w.Format, fmt.Sprint(w.Tensors), fmt.Sprint(w.Elements), bytesText(w.Bytes))
		}
		b.WriteString(t.String())
	}
	if len(p.Files) > 0 {
		b.WriteString("\nfiles\n")
		t := table{indent: "  ", right: map[int]bool{1: true}}
		for _, f := range p.Files {
			t.row(f.Name, bytesText(f.Bytes))
		}
		b.WriteString(t.String())
	}
	return b.String()
}

// engineText answers the question that most people have: does it run here?
func (p *packageInfo) engineText() string {
	switch {
	case len(p.Unsupported) > 0:
		return "cannot run it: no " + strings.Join(p.Unsupported, ", ")
	case p.LoadError != "":
		return "cannot run it: " + p.LoadError
	case p.Engine != "":
		return p.Engine + ", runs every operation"
	}
	return ""
}

// functionText describes one function: its features, how it would be driven, and a
// histogram of its operators, which tells those who know them what kind of model it
// is.
func (p *packageInfo) functionText(b *strings.Builder, f *functionInfo, d *coreml.Description) {
	// Only where there is a choice.
	note := ""
	if len(p.Functions) > 1 && f.Name == p.DefaultFunction {
		note = ", the default"
	}
	fmt.Fprintf(b, "\nfunction %s (%s%s)\n", plain(f.Name), plain(f.Opset), note)
	t := table{indent: "  "}
	for _, part := range []struct {
		name string
		list []coreml.FeatureDescription
	}{{"input", d.Inputs}, {"output", d.Outputs}, {"state", d.States}} {
		for i := range part.list {
			feature := &part.list[i]
			t.row(part.name, feature.Name, featureText(feature), oneLine(feature.Text))
		}
	}
	b.WriteString(t.String())
	switch {
	case p.part != "":
		fmt.Fprintf(b, "  %s\n", plain(p.part))
	case f.Driver != "":
		fmt.Fprintf(b, "  driven as %s\n", plain(f.Driver))
	case f.DriverError != "":
		fmt.Fprintf(b, "  no text generation: %s\n", plain(f.DriverError))
	}
	if f.Embeddings != "" {
		fmt.Fprintf(b, "  embeddings: %s\n", plain(f.Embeddings))
	}
	if len(f.Ops) > 0 {
		b.WriteString("  operations\n")
		b.WriteString(opTable(f.Ops))
	}
}

// opTable prints the histogram in as many columns, three at most, as a terminal of 80
// characters has room for.
//
// They come by falling count, down each column.
func opTable(ops []opCount) string {
	const width = 80
	text := ""
	for columns := 3; columns > 0; columns-- {
		text = opColumns(ops, columns)
		widest := 0
		for line := range strings.Lines(text) {
			widest = max(widest, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
		}
		if widest <= width {
			break
		}
	}
	return text
}

// opColumns prints the histogram in that many columns.
func opColumns(ops []opCount, columns int) string {
	t := table{indent: "    ", right: map[int]bool{0: true, 2: true, 4: true}}
	lines := (len(ops) + columns - 1) / columns
	for i := range lines {
		var cells []string
		for c := range columns {
			if k := c*lines + i; k < len(ops) {
				cells = append(cells, fmt.Sprint(ops[k].Count), ops[k].Op)
			}
		}
		t.row(cells...)
	}
	return t.String()
}

// oneLine shortens a text to one line.
//
// Descriptions of packages are whole pages at times.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
