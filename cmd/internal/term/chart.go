package term

import "strings"

// eighths are the heights of a bar inside one character.
var eighths = [...]string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

// Bars draws values as bars, height lines of exactly width columns, the highest first. Of more values than columns each
// column shows the largest of its neighbours, fewer are stretched; what is not 0 shows. peak is the largest value.
func Bars(values []uint64, width, height int) (lines []string, peak uint64) {
	columns := spread(values, width)
	for _, v := range columns {
		peak = max(peak, v)
	}
	for line := range height {
		var b strings.Builder
		for _, v := range columns {
			b.WriteString(eighths[level(v, peak, height-1-line, height)])
		}
		lines = append(lines, b.String())
	}
	return lines, peak
}

// level is how many eighths of a bar's line are filled, of height lines counted from the bottom.
func level(v, peak uint64, line, height int) int {
	if v == 0 {
		return 0
	}
	full := max(1, int(float64(v)/float64(peak)*float64(8*height)+0.5))
	return min(8, max(0, full-8*line))
}

// spread gives values to width columns: the largest of several, or each value to several columns. Sums would show a pattern where
// columns have now two values and now three.
func spread(values []uint64, width int) []uint64 {
	columns := make([]uint64, max(0, width))
	if len(values) == 0 {
		return columns
	}
	if len(values) <= width {
		for i := range columns {
			columns[i] = values[i*len(values)/width]
		}
		return columns
	}
	for i, v := range values {
		at := i * width / len(values)
		columns[at] = max(columns[at], v)
	}
	return columns
}
