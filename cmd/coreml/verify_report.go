package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// verifyReport is what verify found. Its JSON is the output of --json.
//
// The limits are in it too, so that a stored report can be judged later.
type verifyReport struct {
	Model        string      `json:"model"`
	Subject      verifySide  `json:"subject"`
	Reference    verifySide  `json:"reference"`
	PromptTokens int         `json:"prompt_tokens,omitempty"`
	Tokens       int         `json:"tokens,omitempty"`
	Tolerance    float64     `json:"tolerance"`
	Cosine       float64     `json:"cosine"`
	Ways         []verifyWay `json:"ways"`
	Passed       bool        `json:"passed"`
}

// verifySide says what computed one side.
//
// Notes say where an engine did something else than it was asked, such as a device
// that does not exist here.
type verifySide struct {
	Engine     string   `json:"engine"`
	Devices    []string `json:"devices"`
	Arithmetic string   `json:"arithmetic"`
	Notes      []string `json:"notes"`
}

// sideOf asks the model itself: what was asked for may not be what it got.
func sideOf(m *coreml.Model) verifySide {
	i := m.Info()
	s := verifySide{Engine: i.Engine, Devices: i.Devices, Arithmetic: i.Arithmetic.String(), Notes: i.Notes}
	if s.Devices == nil {
		s.Devices = []string{}
	}
	if s.Notes == nil {
		s.Notes = []string{}
	}
	return s
}

// String is the side on one line, for people.
func (s *verifySide) String() string {
	text := s.Engine + " on " + strings.Join(s.Devices, ", ")
	if s.Arithmetic != coreml.ArithmeticDefault.String() {
		text += ", " + s.Arithmetic
	}
	return text
}

// verifyWay is one way of feeding the subject, compared.
type verifyWay struct {
	Name        string `json:"name"`
	Passed      bool   `json:"passed"`
	Predictions int    `json:"predictions"`
	// Compared counts rows of logits, or outputs and states.
	Compared int `json:"compared"`
	// Tokens are those that follow the prompt, and Equal those on which both
	// sides agree.
	Tokens int `json:"tokens,omitempty"`
	Equal  int `json:"equal_tokens,omitempty"`
	// The worst difference in parts of the largest value, the worst cosine, and
	// where the former is.
	WorstError  float64     `json:"worst_error"`
	WorstCosine float64     `json:"worst_cosine"`
	Where       string      `json:"where,omitempty"`
	Worst       []verifyRow `json:"worst_rows,omitempty"`
	Problem     string      `json:"problem,omitempty"`
}

// add takes in a row. Rows from the prompt's last on decide on tokens.
func (w *verifyWay) add(row verifyRow, decides bool) {
	w.Compared++
	if decides {
		w.Tokens++
		if row.Token == row.Reference {
			w.Equal++
		}
	}
	w.worse(fmt.Sprintf("position %d", row.Position), row.Error, row.Cosine)
	w.Worst = append(w.Worst, row)
	slices.SortStableFunc(w.Worst, func(a, b verifyRow) int { return cmp.Compare(b.Error, a.Error) })
	w.Worst = w.Worst[:min(len(w.Worst), worstRows)]
}

// worse keeps the figures that are worse than those so far. NaN is the worst.
func (w *verifyWay) worse(where string, relative, cosine float64) {
	// The first figures are taken whatever they are: the zero of a new report is no
	// cosine.
	if w.Where == "" {
		w.WorstCosine = 1
	}
	if w.Where == "" || relative > w.WorstError || math.IsNaN(relative) {
		w.WorstError, w.Where = relative, where
	}
	w.WorstCosine = math.Min(w.WorstCosine, cosine)
}

// judge says whether the way passes. Where the two sides choose different tokens
// within the tolerance, the reference itself was undecided.
//
// Equal choices of tokens are told of and not judged by.
func (w *verifyWay) judge(r *verifyReport, err error) {
	switch {
	case err != nil:
		w.Problem = explain(err)
	case w.Compared == 0:
		w.Problem = "nothing was compared"
	case !(w.WorstError <= r.Tolerance): // NaN fails
		w.Problem = fmt.Sprintf("the difference at %s is above the tolerance of %g", w.Where, r.Tolerance)
	case w.Where != "" && !(w.WorstCosine >= r.Cosine):
		w.Problem = fmt.Sprintf("the cosine is below %g", r.Cosine)
	}
	w.Passed = w.Problem == ""
	// JSON has neither NaN nor infinities.
	w.WorstError, w.WorstCosine = finite(w.WorstError), finite(w.WorstCosine)
}

// finite stands in for what JSON lacks by the largest number, which no limit is
// above.
func finite(x float64) float64 {
	if nonFinite(x) {
		return math.MaxFloat64
	}
	return x
}

// writeJSON prints the report for programs.
func (r *verifyReport) writeJSON(out io.Writer) error { return printIndented(out, r) }

// writeText prints the report for people: what was compared first, the verdict of
// each way at the beginning of its line.
func (r *verifyReport) writeText(out io.Writer) error {
	var b strings.Builder
	head := table{}
	head.row("model", r.Model)
	head.row("verified", r.Subject.String())
	head.row("against", r.Reference.String())
	if r.PromptTokens > 0 {
		head.row("prompt", fmt.Sprintf("%d tokens, %d behind it", r.PromptTokens, r.Tokens))
	}
	b.WriteString(head.fit(out))
	for _, note := range r.Subject.Notes {
		b.WriteString(fitted(out, "note: "+plain(note)+"\n"))
	}
	b.WriteByte('\n')
	for i := range r.Ways {
		r.Ways[i].writeText(&b, out)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// writeText adds the verdict for where it goes. It has four characters either way, so that the
// lines stand below each other.
func (w *verifyWay) writeText(to *strings.Builder, out io.Writer) {
	b := new(strings.Builder)
	defer func() { to.WriteString(fitted(out, b.String())) }()
	verdict := "ok  "
	if !w.Passed {
		verdict = "FAIL"
	}
	fmt.Fprintf(b, "%s  %s: %d compared in %d predictions", verdict, w.Name, w.Compared, w.Predictions)
	if w.Tokens > 0 {
		fmt.Fprintf(b, ", %d of %d tokens equal", w.Equal, w.Tokens)
	}
	if w.Where != "" {
		fmt.Fprintf(b, ", worst error %.2e of the largest value at %s, worst cosine %.7f", w.WorstError, plain(w.Where), w.WorstCosine)
	}
	b.WriteByte('\n')
	if w.Problem != "" {
		fmt.Fprintf(b, "      %s\n", plain(w.Problem))
	}
	if len(w.Worst) == 0 {
		return
	}
	b.WriteString(worstTable(w.Worst, out))
}

// worstTable lists the rows that differ most. Where both sides chose the same
// token everywhere, there is no lead of one over the other to show.
func worstTable(rows []verifyRow, out io.Writer) string {
	apart := slices.ContainsFunc(rows, func(r verifyRow) bool { return r.Token != r.Reference })
	t := table{indent: "      ", right: map[int]bool{0: true, 1: true, 2: true, 3: true, 4: true, 5: true}}
	line := func(position, token, reference, diff, cosine, lead string) {
		cells := []string{position, token, reference, diff, cosine}
		if apart {
			cells = append(cells, lead)
		}
		t.row(cells...)
	}
	line("position", "token", "reference", "error", "cosine", "reference leads by")
	for _, r := range rows {
		lead := "-"
		if r.Token != r.Reference {
			lead = fmt.Sprintf("%.4f", r.Lead)
		}
		line(fmt.Sprint(r.Position), fmt.Sprint(r.Token), fmt.Sprint(r.Reference), fmt.Sprintf("%.2e", r.Error), fmt.Sprintf("%.7f", r.Cosine), lead)
	}
	return t.fit(out)
}
