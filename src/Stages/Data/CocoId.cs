using System.Globalization;

namespace Pipelines.Stages.Data;

/// <summary>
/// An id of COCO's lists: a whole number, or a text where a tool writes texts. <c>1</c>, <c>1.0</c> and <c>"1"</c> are
/// one id, so that lists that spell it differently belong together; <c>"01"</c> is another.
/// </summary>
/// <param name="Number">The number, where <paramref name="Text"/> is null.</param>
/// <param name="Text">A text that spells no whole number, or null.</param>
internal readonly record struct CocoId(long Number, string? Text = null)
{
    /// <summary>The id that a text spells.</summary>
    public static CocoId Of(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
        && number.ToString(CultureInfo.InvariantCulture) == text
            ? new CocoId(number)
            : new CocoId(0, text);

    /// <inheritdoc/>
    public override string ToString() => Text ?? Number.ToString(CultureInfo.InvariantCulture);
}
