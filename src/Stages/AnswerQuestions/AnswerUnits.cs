using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Text;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>What the model says about a block of pictures.</summary>
/// <param name="Model">The model.</param>
/// <param name="Question">What is asked.</param>
/// <param name="MaxTokens">Tokens of an answer at most.</param>
/// <param name="Pictures">The pictures.</param>
[UnitKind("answer-questions", 2, "pictures", AnyClass = true)]
internal sealed record AnswersOfModel(ModelSource Model, string Question, int MaxTokens, PictureSources Pictures)
    : IUnit<AnswersOfModel>
{
    /// <inheritdoc/>
    public static void Compute(AnswersOfModel unit, UnitRun run)
    {
        var rows = new List<AnswerRow>();
        foreach (PictureSource picture in unit.Pictures.Pictures)
        {
            run.Cancel.ThrowIfCancellationRequested();
            rows.Add(unit.Ask(picture));
            run.Advance(1);
        }

        run.Write<AnswerRow>(rows);
    }

    private AnswerRow Ask(PictureSource source)
    {
        VisionLanguageModel model = Model.Load();
        using PrefixCache? cache = Model.PrefixIfSound(source, Question, out string? reason);
        if (cache is null)
        {
            return new AnswerRow(source.SampleId, "", AnswerRow.NoToken, "", reason);
        }

        using IntactRun intact = IntactRun.Compute(cache);
        return new AnswerRow(
            source.SampleId,
            model.Answer(intact.Generate(MaxTokens, model.EndTokens)),
            intact.Target,
            model.Tokenizer.TokenText(intact.Target),
            null
        );
    }
}

/// <summary>Which token of an answer is measured.</summary>
/// <param name="Model">The model.</param>
/// <param name="Question">What is asked.</param>
/// <param name="MaxTokens">Tokens of an answer at most.</param>
/// <param name="Sample">The picture's id.</param>
/// <param name="Picture">The picture.</param>
[UnitKind("answer-questions", 1, "pictures", AnyClass = true)]
internal sealed record TargetOfAnswer(
    ModelSource Model,
    string Question,
    int MaxTokens,
    string Sample,
    PictureSource Picture
) : IUnit<TargetOfAnswer>
{
    /// <inheritdoc/>
    public static void Compute(TargetOfAnswer unit, UnitRun run) => run.Write<TargetRow>([unit.Find()]);

    private TargetRow Find()
    {
        VisionLanguageModel model = Model.Load();
        using PrefixCache cache = Model.Prefix(Picture.Location, Question, []);
        using IntactRun intact = IntactRun.Compute(cache);
        IReadOnlyList<int> said = intact.Generate(MaxTokens, model.EndTokens);
        AnswerTarget target = model.TargetOf(said);
        if (target.Problem is { } problem)
        {
            return new TargetRow(Sample, "", "", AnswerRow.NoToken, "", false, problem);
        }

        int[] given = [.. said.Take(target.Position)];
        int token = said[target.Position];
        return new TargetRow(
            Sample,
            TokenIds.Text(given),
            model.TextOf(given),
            token,
            model.Tokenizer.TokenText(token),
            target.IsPiece,
            null
        );
    }
}

/// <summary>What the model said about a picture, or the reason why it was not asked.</summary>
/// <param name="SampleId">The picture.</param>
/// <param name="Answer">Its words.</param>
/// <param name="TargetToken">Their first token.</param>
/// <param name="Target">The token as text.</param>
/// <param name="Reason">Why it was not asked, or null.</param>
[Table("answers", IsInternal = true)]
internal sealed record AnswerRow(
    [RowKey] string SampleId,
    string Answer,
    int TargetToken,
    string Target,
    string? Reason
)
{
    /// <summary>Stands for a token where there is none.</summary>
    public const int NoToken = -1;
}

/// <summary>Which token of an answer is measured, or the reason why none can be.</summary>
/// <param name="SampleId">The picture.</param>
/// <param name="GivenTokens">Ids of the answer's tokens before the target, with blanks between.</param>
/// <param name="Given">Their text.</param>
/// <param name="TargetToken">The token that is measured.</param>
/// <param name="Target">Its text.</param>
/// <param name="IsPiece">The word goes on in the next token.</param>
/// <param name="Reason">Why no token can be measured, or null.</param>
[Table("targets", IsInternal = true, File = "target.parquet")]
internal sealed record TargetRow(
    [RowKey] string SampleId,
    string GivenTokens,
    string Given,
    int TargetToken,
    string Target,
    bool IsPiece,
    string? Reason
)
{
    /// <summary>Ids of the tokens before the target.</summary>
    public int[] GivenIds => TokenIds.Read(GivenTokens);
}
