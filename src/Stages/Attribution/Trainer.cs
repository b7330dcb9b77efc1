using Pipelines.Domain;

namespace Pipelines.Stages.Attribution;

/// <summary>The regression of an experiment: a closed set. Every one learns from the same data view.</summary>
public abstract record Trainer
{
    private Trainer() { }

    /// <summary>Name as in the spec.</summary>
    public abstract string Name { get; }

    /// <summary>Elastic net as scikit-learn defines it (paper); beta = w.</summary>
    /// <param name="Settings">Penalty and stopping rule.</param>
    internal sealed record ElasticNet(ElasticNetSettings Settings) : Trainer
    {
        /// <inheritdoc/>
        public override string Name => "elastic-net";
    }

    /// <summary>
    /// ML.NET's stochastic dual coordinate ascent, penalties chosen so that its optimum is near the elastic net's; beta
    /// = w.
    /// </summary>
    /// <param name="Alpha">As the elastic net's.</param>
    /// <param name="L1Ratio">As the elastic net's; below 1.</param>
    /// <param name="MaxIterations">Passes over the data.</param>
    internal sealed record Sdca(double Alpha = 0.0005, double L1Ratio = 0.5, int MaxIterations = 1000) : Trainer
    {
        /// <inheritdoc/>
        public override string Name => "sdca";
    }

    /// <summary>Expected gradients, mended by an elastic net on what they leave: beta = mean gradient + w.</summary>
    /// <param name="Residual">Whether they are mended.</param>
    /// <param name="Settings">The residual's elastic net.</param>
    /// <param name="Folds">Of the cross-validation that decides.</param>
    internal sealed record Gradient(GradientResidual Residual, ElasticNetSettings Settings, int Folds = 5) : Trainer
    {
        /// <inheritdoc/>
        public override string Name => "gradient";
    }

    /// <summary>LightGBM through ML.NET; beta = <see cref="TreeEffects"/>.</summary>
    /// <param name="Trees">Boosting iterations.</param>
    /// <param name="Leaves">Leaves a tree.</param>
    internal sealed record LightGbm(int Trees = 100, int Leaves = 31) : Trainer
    {
        /// <inheritdoc/>
        public override string Name => "light-gbm";
    }

    /// <summary>FastTree through ML.NET; beta = <see cref="TreeEffects"/>.</summary>
    /// <param name="Trees">Boosting iterations.</param>
    /// <param name="Leaves">Leaves a tree.</param>
    internal sealed record FastTree(int Trees = 100, int Leaves = 20) : Trainer
    {
        /// <inheritdoc/>
        public override string Name => "fast-tree";
    }
}
