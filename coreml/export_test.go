package coreml

// DescribeForTest makes a public description of an engine's.
var DescribeForTest = describe
