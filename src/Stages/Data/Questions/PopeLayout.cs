using System.Text.RegularExpressions;
using Pipelines.Domain;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// POPE and RePOPE: question_id, image, text, label (yes or no), perhaps category. LLaVA's copy has no label; MCQ-POPE
/// has the options in its text and a letter as label.
/// </summary>
internal sealed class PopeLayout : QuestionLayout
{
    private static readonly string[] Varieties = ["adversarial", "popular", "random"];

    private readonly Column id,
        image,
        text,
        label,
        category;
    private readonly string[] variety;

    public PopeLayout(LayoutContext context)
        : base(context)
    {
        (id, image, text) = (Want("question_id"), Want("image", isPicture: true), Want("text"));
        (label, category) = (Want("label"), Want("category"));
        string file = Path.GetFileNameWithoutExtension(context.Rows.File);
        variety = [.. Varieties.Where(v => file.Contains(v, StringComparison.OrdinalIgnoreCase)).Take(1)];
    }

    /// <inheritdoc/>
    public override QuestionFormat Format => QuestionFormat.Pope;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Required => [image.Name, text.Name];

    /// <inheritdoc/>
    public override void Read(Row row, Draft draft)
    {
        draft.Id = Text(row, id, draft);
        draft.Text = Text(row, text, draft);
        draft.Picture = Picture(row[image], image.Name, draft);
        draft.Groups = Groups(row, category, variety);
        if (Text(row, label, draft) is not { } said)
        {
            return;
        }

        if (YesNo.Of(said) is { } answer)
        {
            (draft.Answers, draft.CounterAnswer) = ([answer], YesNo.Other(answer));
        }
        else if (said.Trim().TrimEnd('.') is [>= 'A' and <= 'Z' and var letter] && Offers(draft.Text, letter))
        {
            draft.Answers = [letter.ToString()];
        }
        else
        {
            draft.LeaveOut(
                said.AsSpan().Trim().IsEmpty ? "its label is empty" : $"its label '{said}' is neither yes nor no"
            );
        }
    }

    /// <summary>Whether a question offers an option: A. or A) or (A) or A: before it.</summary>
    private static bool Offers(string? question, char letter) =>
        question is not null && Regex.IsMatch(question, $@"(^|[\s(]){letter}[.):]", RegexOptions.CultureInvariant);
}

/// <summary>Labels that say yes or no.</summary>
internal static class YesNo
{
    /// <summary>
    /// yes or no, however it is spelt: blanks around it, capitals and a final point do not count. Null where it is
    /// neither.
    /// </summary>
    public static string? Of(string label)
    {
        ReadOnlySpan<char> word = label.AsSpan().Trim();
        word = word.EndsWith(".", StringComparison.Ordinal) ? word[..^1].TrimEnd() : word;
        return word.Equals("yes", StringComparison.OrdinalIgnoreCase) ? "yes"
            : word.Equals("no", StringComparison.OrdinalIgnoreCase) ? "no"
            : null;
    }

    /// <summary>The other one.</summary>
    public static string Other(string answer) => answer == "yes" ? "no" : "yes";
}
