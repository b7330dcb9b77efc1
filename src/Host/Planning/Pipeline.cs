using Pipelines.Spec;
using Pipelines.Stages;

namespace Pipelines.Host.Planning;

/// <summary>An experiment compiled into stages: the DAG, each stage after those it reads.</summary>
internal sealed record Pipeline(StageContext Context, IReadOnlyList<Stage> Stages)
{
    /// <summary>The experiment.</summary>
    public Experiment Experiment => Context.Experiment;

    /// <summary>
    /// Compiles <paramref name="experiment"/>, which <paramref name="command"/> runs again. Its stages are known to be
    /// free of circles: the spec's reader has checked it.
    /// </summary>
    public static Pipeline Compile(Experiment experiment, Engine engine, string command)
    {
        var context = new StageContext(experiment, engine, command);
        var nodes = experiment.Stages.ToDictionary(n => n.Name, StringComparer.Ordinal);
        var made = new Dictionary<string, Stage>(StringComparer.Ordinal);
        var ordered = new List<Stage>();
        Stage Make(string name)
        {
            if (made.TryGetValue(name, out Stage? stage))
            {
                return stage;
            }

            StageNode node = nodes[name];
            stage = Create(
                context,
                node,
                new StageInputs(node.Inputs.ToDictionary(i => i.Key, i => Make(i.Value), StringComparer.Ordinal))
            );
            made[name] = stage;
            ordered.Add(stage);
            return stage;
        }

        foreach (StageNode node in experiment.Stages)
        {
            Make(node.Name);
        }

        return new Pipeline(context, ordered);
    }

    private static Stage Create(StageContext context, StageNode node, StageInputs inputs) =>
        node.Spec switch
        {
            AnswerQuestionsSpec spec => new AnswerQuestions(context, spec) { Name = node.Name },
            CollectMeanKvSpec spec => new CollectMeanKv(context, spec) { Name = node.Name },
            SampleMasksSpec spec => new SampleMasks(context, spec, inputs.Get<AnswerQuestions>("samples"))
            {
                Name = node.Name,
            },
            ForwardPassesSpec spec => new ForwardPasses(
                context,
                spec,
                inputs.Get<AnswerQuestions>("samples"),
                inputs.Get<CollectMeanKv>("baseline"),
                inputs.Get<SampleMasks>("masks")
            )
            {
                Name = node.Name,
            },
            RegressSpec spec => new Regress(
                context,
                spec,
                inputs.Get<ForwardPasses>("forward"),
                inputs.Find<GradientPasses>("gradients")
            )
            {
                Name = node.Name,
            },
            ValidateSpec spec => new Validate(
                context,
                spec,
                inputs.Get<ForwardPasses>("forward"),
                inputs.Find<Regress>("attribution"),
                inputs.Find<GradientPasses>("gradients")
            )
            {
                Name = node.Name,
            },
            TokenTraceSpec spec => new TokenTrace(
                context,
                spec,
                inputs.Get<ForwardPasses>("forward"),
                inputs.Get<Regress>("attribution"),
                inputs.Get<Validate>("validation")
            )
            {
                Name = node.Name,
            },
            LogitLensSpec spec => new LogitLens(
                context,
                spec,
                inputs.Get<ForwardPasses>("forward"),
                inputs.Get<Regress>("attribution")
            )
            {
                Name = node.Name,
            },
            GradientPassesSpec spec => new GradientPasses(context, spec, inputs.Get<ForwardPasses>("forward"))
            {
                Name = node.Name,
            },
            GradientCostSpec spec => new GradientCost(
                context,
                spec,
                inputs.Get<ForwardPasses>("forward"),
                inputs.Get<GradientPasses>("gradients")
            )
            {
                Name = node.Name,
            },
            NonAdditiveSpec spec => new NonAdditive(context, spec, inputs.Get<ForwardPasses>("forward"))
            {
                Name = node.Name,
            },
            BetaLayoutSpec spec => new BetaLayout(
                context,
                spec,
                inputs.Get<ForwardPasses>("forward"),
                inputs.Get<Regress>("attribution")
            )
            {
                Name = node.Name,
            },
            ClusterHeadsSpec spec => new ClusterHeads(
                context,
                spec,
                inputs.Get<ForwardPasses>("forward"),
                inputs.Get<Regress>("attribution")
            )
            {
                Name = node.Name,
            },
            AblationRatioSpec spec => new AblationRatio(
                context,
                node.Name,
                spec,
                inputs.Get<Regress>("attribution"),
                inputs.Get<Validate>("validation")
            )
            {
                Name = node.Name,
            },
            PromptSimilaritySpec spec => new PromptSimilarity(
                context,
                node.Name,
                spec,
                inputs.Get<Regress>("attribution")
            )
            {
                Name = node.Name,
            },
            CompareStylesSpec => new CompareStyles(
                context,
                inputs.Get<ForwardPasses>("forward"),
                inputs.Get<Regress>("attribution"),
                inputs.Find<Validate>("validation")
            )
            {
                Name = node.Name,
            },
            StabilitySpec spec => new Stability(
                context,
                spec,
                inputs.Get<ForwardPasses>("forward"),
                inputs.Get<Regress>("attribution")
            )
            {
                Name = node.Name,
            },
            ReportSpec => new WriteReport(
                context,
                new ReportSources(inputs.Get<AnswerQuestions>("samples"))
                {
                    Forward = inputs.Find<ForwardPasses>("forward"),
                    Attribution = inputs.Find<Regress>("attribution"),
                    Validation = inputs.Find<Validate>("validation"),
                    Tokens = inputs.Find<TokenTrace>("tokens"),
                    Lens = inputs.Find<LogitLens>("lens"),
                    GradientCost = inputs.Find<GradientCost>("gradient_cost"),
                    NonAdditive = inputs.Find<NonAdditive>("non_additive"),
                    Layout = inputs.Find<BetaLayout>("layout"),
                    HeadVectors = inputs.Find<ClusterHeads>("head_vectors"),
                    Ratios = inputs.Find<AblationRatio>("ratios"),
                    Prompts = inputs.Find<PromptSimilarity>("prompts"),
                    Styles = inputs.Find<CompareStyles>("styles"),
                    Stability = inputs.Find<Stability>("stability"),
                }
            )
            {
                Name = node.Name,
            },
            _ => throw new InvalidOperationException($"No stage is made from {node.Spec.GetType().Name}."),
        };

    /// <summary>The stages that fill the roles of a stage.</summary>
    private sealed class StageInputs(IReadOnlyDictionary<string, Stage> roles)
    {
        public TStage Get<TStage>(string role)
            where TStage : Stage => (TStage)roles[role];

        public TStage? Find<TStage>(string role)
            where TStage : Stage => roles.TryGetValue(role, out Stage? stage) ? (TStage)stage : null;
    }
}
