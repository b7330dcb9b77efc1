using Pipelines.Domain;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// Visual-Counterfact: a picture of an object as it usually is, for which correct_answer is right, and one where it is
/// otherwise, for which incorrect_answer is. The questions are those of the data's authors about the picture at hand.
/// </summary>
internal sealed class VisualCounterfactLayout : QuestionLayout
{
    private readonly Column thing,
        original,
        counterfact,
        correct,
        incorrect;
    private readonly string? split;
    private bool isGreyTold;

    public VisualCounterfactLayout(LayoutContext context)
        : base(context)
    {
        thing = Want("object");
        (original, counterfact) = (Want("original_image", isPicture: true), Want("counterfact_image", isPicture: true));
        (correct, incorrect) = (Want("correct_answer"), Want("incorrect_answer"));
        string file = Path.GetFileNameWithoutExtension(context.Rows.File);
        split = Array.Find(["color", "size"], s => file.Contains(s, StringComparison.OrdinalIgnoreCase));
        if (split is null)
        {
            context.Notes.Add(
                $"{context.Name}: its name says neither color nor size, so every row is asked for the color"
            );
        }
    }

    /// <inheritdoc/>
    public override QuestionFormat Format => QuestionFormat.VisualCounterfact;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Required => [original.Name, counterfact.Name, correct.Name, incorrect.Name];

    /// <inheritdoc/>
    public override bool? HasAnswers => true;

    /// <summary>The question about a color.</summary>
    public static string ColorQuestion(string thing) => $"What color is this {thing}?";

    /// <summary>The question about a size; the authors shuffle the two.</summary>
    public static string SizeQuestion(string first, string second) => $"Which is larger here, {first} or {second}?";

    /// <inheritdoc/>
    public override void Read(Row row, Draft draft)
    {
        draft.Picture = Picture(row[original], original.Name, draft);
        draft.CounterPicture = Picture(row[counterfact], counterfact.Name, draft);
        draft.Groups = split is null ? [] : [split];
        IReadOnlyList<string>? right = Texts(row, correct, draft);
        string? wrong = Text(row, incorrect, draft);
        if (right is not { Count: > 0 } || wrong is null)
        {
            draft.LeaveOut(wrong is null ? "it has no incorrect_answer" : "it has no correct_answer");
            return;
        }

        if (split == "size")
        {
            string[] both = [right[0], wrong];
            int[] order = Shuffle.Order(Context.Settings.Seed, Context.Rows.File, row.Number, both.Length);
            (draft.Text, draft.Answers, draft.CounterAnswer) = (
                SizeQuestion(both[order[0]].Trim(), both[order[1]].Trim()),
                right,
                wrong
            );
            return;
        }

        string? name = Text(row, thing, draft);
        draft.Text = string.IsNullOrWhiteSpace(name) ? null : ColorQuestion(name.Trim());
        draft.Answers =
        [
            .. right.Concat(right.Select(OtherSpelling).OfType<string>()).Distinct(StringComparer.Ordinal),
        ];
        draft.CounterAnswer = wrong;
        if (right.Select(OtherSpelling).OfType<string>().Any() && !isGreyTold)
        {
            Context.Notes.Add("grey and gray count as one color");
            isGreyTold = true;
        }

        if (OtherSpelling(wrong) is { } spelt && draft.Answers.Contains(spelt, StringComparer.OrdinalIgnoreCase))
        {
            draft.LeaveOut($"its counter-answer '{wrong}' is among the right ones");
        }
    }

    /// <summary>Grey and gray are one color.</summary>
    private static string? OtherSpelling(string color) =>
        color.Trim().ToLowerInvariant() switch
        {
            "grey" => "gray",
            "gray" => "grey",
            _ => null,
        };
}
