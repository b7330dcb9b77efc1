using System.Buffers;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>What a text of a question may hold.</summary>
internal static class QuestionText
{
    /// <summary>Line ends and tabs are usual; other control characters are left over from damage.</summary>
    private static readonly SearchValues<char> Controls = SearchValues.Create([
        .. Enumerable
            .Range(0, 0xA0)
            .Select(c => (char)c)
            .Where(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')),
    ]);

    /// <summary>The first control character of a text, in words; null where it has none.</summary>
    public static string? Control(string text) =>
        text.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0 && text.AsSpan().IndexOfAny(Controls) is >= 0 and var at
            ? text[at] == 0
                ? "a NUL"
                : Invariant.Text($"the control character U+{(int)text[at]:X4}")
            : null;
}
