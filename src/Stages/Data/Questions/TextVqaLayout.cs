using Pipelines.Domain;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// TextVQA: image_id, question_id, question and ten answers. The most frequent answer is measured (of several, the one
/// that stands first), the others are accepted. The picture is the id with <c>.jpg</c>, unless the row holds one.
/// </summary>
internal sealed class TextVqaLayout : QuestionLayout
{
    private readonly Column id,
        name,
        image,
        question,
        answers;

    public TextVqaLayout(LayoutContext context)
        : base(context)
    {
        (id, name, question, answers) = (Want("question_id"), Want("image_id"), Want("question"), Want("answers"));
        image = Want("image", isPicture: true);
    }

    /// <inheritdoc/>
    public override QuestionFormat Format => QuestionFormat.Textvqa;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Required => [question.Name];

    /// <inheritdoc/>
    public override void Read(Row row, Draft draft)
    {
        draft.Id = Text(row, id, draft);
        draft.Text = Text(row, question, draft);
        string? number = Text(row, name, draft);
        draft.Picture =
            !row[image].IsMissing ? Picture(row[image], image.Name, draft)
            : string.IsNullOrWhiteSpace(number) ? null
            : Named(Context.Pool.Of(number.Trim() + ".jpg"), draft);
        if (Texts(row, answers, draft) is not { } said)
        {
            return;
        }

        draft.Annotations = said;
        draft.Answers =
        [
            .. said.Select(a => a.Trim())
                .Where(a => a.Length > 0)
                .GroupBy(a => a, StringComparer.Ordinal)
                .OrderByDescending(g => g.Count()) // which keeps the order of those that are as frequent
                .Select(g => g.Key),
        ];
    }
}
