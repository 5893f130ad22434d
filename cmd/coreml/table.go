package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// table aligns columns. The last column is not padded.
type table struct {
	indent string
	right  map[int]bool // columns of numbers
	rows   [][]string
}

// row adds a line. Its cells may be what others wrote: a new line in one of them
// is shown as \n and makes none.
func (t *table) row(cells ...string) {
	for i := range cells {
		cells[i] = plain(cells[i])
	}
	t.rows = append(t.rows, cells)
}

// String returns the lines, each with its newline.
//
// Widths are in characters. What takes two cells of a terminal, as CJK does, shifts
// its line; a table of widths would have to be kept for that.
func (t *table) String() string {
	widths := t.widths()
	var b strings.Builder
	for _, row := range t.rows {
		line := t.indent + strings.Join(t.padded(row, widths, 0, len(row)), "  ")
		b.WriteString(strings.TrimRight(line, " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// widths are those of the columns, in characters.
func (t *table) widths() (widths []int) {
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// padded returns the cells of some columns of a row, each as wide as its column.
func (t *table) padded(row []string, widths []int, from, to int) (out []string) {
	for i := from; i < min(to, len(row)); i++ {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(row[i]))
		if t.right[i] {
			out = append(out, pad+row[i])
		} else {
			out = append(out, row[i]+pad)
		}
	}
	return out
}

// bytesText writes a size for people.
//
// Units of 1024, with the names that say so.
func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
