package chat

// pangu is the format of openPangu.
var pangu = &format{
	name:     "pangu",
	marks:    []string{"[unused11]", "[unused12]", "[unused16]", "[unused17]"},
	suits:    contains("[unused11]"),
	opens:    words{"[unused11]"},
	ends:     "]",
	thinking: []thinking{{open: "[unused16]", end: "[unused17]"}},
	read:     jsonSeries("[unused12]"),
}
