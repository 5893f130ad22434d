package model

// ParseScore is parseScore, for tests.
var ParseScore = parseScore
