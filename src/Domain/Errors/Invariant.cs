using System.Globalization;
using System.Runtime.CompilerServices;

namespace Pipelines.Domain.Errors;

/// <summary>
/// Interpolated texts whose numbers read alike in every country. Unlike <see cref="FormattableString"/>, a text may be
/// put together from several.
/// </summary>
public static class Invariant
{
    /// <summary>The text, with numbers and dates of the invariant culture.</summary>
    public static string Text(ref InvariantText text) => text.Finish();
}

/// <summary>An interpolated text while it is put together.</summary>
[InterpolatedStringHandler]
public ref struct InvariantText(int literalLength, int formattedCount)
{
    private DefaultInterpolatedStringHandler text = new(literalLength, formattedCount, CultureInfo.InvariantCulture);

    /// <summary>Adds a part that stands as it is.</summary>
    public void AppendLiteral(string value) => text.AppendLiteral(value);

    /// <summary>Adds a value.</summary>
    public void AppendFormatted<T>(T value) => text.AppendFormatted(value);

    /// <summary>Adds a value in a format.</summary>
    public void AppendFormatted<T>(T value, string? format) => text.AppendFormatted(value, format);

    /// <summary>Adds a value in a column.</summary>
    public void AppendFormatted<T>(T value, int alignment, string? format = null) =>
        text.AppendFormatted(value, alignment, format);

    /// <summary>The whole text.</summary>
    public string Finish() => text.ToStringAndClear();
}
