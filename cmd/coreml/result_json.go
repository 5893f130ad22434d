package main

// What verbs print with --json when they have made, deleted or compared something.

// madeJSON is a package that was made.
type madeJSON struct {
	Package string `json:"package"`
	Bytes   int64  `json:"bytes"`
}

// synthJSON is a package, or a checkpoint, of random weights.
type synthJSON struct {
	madeJSON
	Shape      string  `json:"shape"`
	Parameters int64   `json:"parameters"`
	Weights    string  `json:"weights"`
	Seconds    float64 `json:"seconds"`
}

// versionJSON is what version says.
type versionJSON struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// rmJSON is what a deletion removed, or would remove.
type rmJSON struct {
	DryRun       bool          `json:"dry_run"`
	Repositories []string      `json:"repositories"` // paths of what is deleted
	Revisions    []string      `json:"revisions"`
	Bytes        int64         `json:"bytes"` // that become free
	Skipped      []skippedJSON `json:"skipped"`
}

// skippedJSON is something that stays.
type skippedJSON struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

// checkJSON is what the comparisons of a call came to.
type checkJSON struct {
	Passed  int              `json:"passed"`
	Failed  int              `json:"failed"`
	Results []comparisonJSON `json:"results"`
}

// comparisonJSON is one of them.
type comparisonJSON struct {
	Folder string `json:"folder"`
	// What names the record; it is empty where the folder could not be compared.
	What   string `json:"what"`
	Passed bool   `json:"passed"`
	// Detail has the figures, and Error what differs.
	Detail string `json:"detail,omitempty"`
	Error  string `json:"error,omitempty"`
}

// compiledJSON is what a grammar compiles to. Empty says that no text fits it.
type compiledJSON struct {
	Grammar     string `json:"grammar,omitempty"`
	Rules       int    `json:"rules"`
	Expressions int    `json:"expressions"`
	Empty       bool   `json:"empty"`
}

// judgedJSON is a line of standard input, and whether the grammar takes it.
type judgedJSON struct {
	Line int  `json:"line"`
	Fits bool `json:"fits"`
}
