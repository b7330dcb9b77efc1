namespace Pipelines.Spec.Reading;

/// <summary>Collects what is wrong. The same error found in several members of a matrix is kept once.</summary>
internal sealed class ErrorList
{
    /// <summary>More help nobody.</summary>
    private const int Most = 100;

    private readonly HashSet<SpecError> errors = [];

    public int Count { get; private set; }

    /// <summary>There are more errors than anyone reads: no need to look for nearest names any more.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Adds an error.</summary>
    /// <param name="at">Where.</param>
    /// <param name="path">The field.</param>
    /// <param name="what">What is wrong, with the offending text.</param>
    /// <param name="allowed">What would be right, or null.</param>
    /// <param name="near">The nearest valid text, or null.</param>
    public void Add(SourceMark at, string path, string what, string? allowed = null, string? near = null)
    {
        Count++;
        if (IsCut)
        {
            return;
        }

        string hint = (allowed, near) switch
        {
            (null, null) => "",
            (_, null) => $" (allowed: {allowed})",
            (null, _) => $" (did you mean {near}?)",
            _ => $" (allowed: {allowed}; did you mean {near}?)",
        };
        var error = new SpecError(
            at.Source.Name,
            at.Source.HasLines ? at.Line : 0,
            at.Source.HasLines ? at.Column : 0,
            path,
            SpecSource.Printable(what + hint)
        )
        {
            Excerpt = at.Source.Excerpt(at.Line, at.Column),
        };
        if (errors.Count < Most)
        {
            errors.Add(error);
        }
        else if (!errors.Contains(error))
        {
            IsCut = true;
        }
    }

    /// <summary>File by file in order of place, overrides last; where there were too many, the last says so.</summary>
    public IReadOnlyList<SpecError> Sorted()
    {
        List<SpecError> sorted =
        [
            .. errors
                .OrderBy(e => e.Line == 0)
                .ThenBy(e => e.File, StringComparer.Ordinal)
                .ThenBy(e => e.Line)
                .ThenBy(e => e.Column)
                .ThenBy(e => e.Path, StringComparer.Ordinal),
        ];
        if (IsCut)
        {
            sorted.Add(new SpecError(sorted[0].File, 0, 0, "", "there are more errors: these first"));
        }

        return sorted;
    }

    /// <summary>A piece of a file as messages quote it: one line, not long.</summary>
    public static string Quote(string text)
    {
        const int most = 60;
        string line = SpecSource.Printable(text.Length > 4 * most ? text[..(4 * most)] : text).Trim();
        return line.Length > most ? $"'{line[..(most - 1)]}…'" : $"'{line}'";
    }
}
