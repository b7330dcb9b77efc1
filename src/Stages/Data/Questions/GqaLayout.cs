using Pipelines.Domain;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// GQA: an object by question id with imageId, question, answer and types; or the CSV with a true and a false option.
/// The picture is the id with <c>.jpg</c>, unless the row holds one.
/// </summary>
internal sealed class GqaLayout : QuestionLayout
{
    private static readonly string[] Types = ["structural", "semantic", "detailed"];

    private readonly Column key,
        id,
        picture,
        image,
        question,
        answer,
        types,
        right,
        wrong;

    public GqaLayout(LayoutContext context)
        : base(context)
    {
        bool hasOptions = context.Rows.Columns.Contains("true option") || context.Rows.Columns.Contains("img_id");
        key = Want(JsonRows.Key);
        id = Want(hasOptions ? "question_id" : "id");
        image = Want(hasOptions ? "img_id" : "imageId");
        picture = Want("image", isPicture: true);
        (question, answer, types) = (Want("question"), Want("answer"), Want("types"));
        (right, wrong) = (Want("true option"), Want("false option"));
    }

    /// <inheritdoc/>
    public override QuestionFormat Format => QuestionFormat.Gqa;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Required => [image.Name, question.Name];

    /// <inheritdoc/>
    public override void Read(Row row, Draft draft)
    {
        draft.Id = Text(row, key, draft) ?? Text(row, id, draft);
        draft.Text = Text(row, question, draft);
        string? name = Text(row, image, draft);
        draft.Picture =
            !row[picture].IsMissing ? Picture(row[picture], picture.Name, draft)
            : string.IsNullOrWhiteSpace(name) ? null
            : Named(Context.Pool.Of(name.Trim() + ".jpg"), draft);
        Cell kinds = row[types];
        draft.Groups =
        [
            .. Types
                .Select(t => kinds.Field(t).Text)
                .OfType<string>()
                .Where(t => t.Length > 0)
                .Distinct(StringComparer.Ordinal),
        ];
        string? said = Text(row, answer, draft),
            true_ = Text(row, right, draft);
        draft.Answers = (true_ ?? said) is { } first ? [first] : null;
        draft.CounterAnswer = Text(row, wrong, draft);
        if (said is not null && true_ is not null && said.Trim() != true_.Trim())
        {
            draft.LeaveOut($"its answer '{said}' is not its true option '{true_}'");
        }
    }
}
