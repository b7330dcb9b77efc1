using Pipelines.Domain;
using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>What f measures, in words.</summary>
internal static class TargetWords
{
    /// <summary>A few words, as sentences name it.</summary>
    public static string Short(TargetSpec target)
    {
        string whose = target.Whose == TargetOf.Answer ? "the data's answer" : "the model's answer";
        return target.Kind switch
        {
            TargetKind.Logit => $"the logit of {whose}",
            TargetKind.LogitDifference => $"the logit of {whose} less that of the counter-answer",
            TargetKind.LogProbability => $"the log-probability of {whose}",
            TargetKind.Probability => $"the probability of {whose}",
            TargetKind.Sequence => $"the log-probability of {whose}, all its tokens",
            _ => throw new InvalidOperationException($"No words for {target.Kind}."),
        };
    }

    /// <summary>The words of a target.</summary>
    public static string Of(TargetSpec target)
    {
        string whose = target.Whose == TargetOf.Answer ? "the data's answer" : "the model's own answer";
        return target.Kind switch
        {
            TargetKind.Logit => $"logit of the first token of {whose} against the mean logit of the vocabulary",
            TargetKind.LogitDifference =>
                $"logit of {whose} minus that of the counter-answer, at the first token in which they differ",
            TargetKind.LogProbability => $"log-probability of the first token of {whose}, over the whole vocabulary",
            TargetKind.Probability => $"probability of the first token of {whose}, over the whole vocabulary",
            TargetKind.Sequence => $"log-probability of all tokens of {whose}, teacher-forced"
                + (target.End ? ", the end of the turn too" : ""),
            _ => throw new InvalidOperationException($"No words for {target.Kind}."),
        };
    }
}
