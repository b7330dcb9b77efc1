using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>Analyses hold their own settings: they are known as soon as anything of this project is.</summary>
public static class StageAssembly
{
    /// <summary>Makes the kinds of stages of this project known to specs.</summary>
    [ModuleInitializer]
    [SuppressMessage(
        "Usage",
        "CA2255",
        Justification = "A spec that is read before would not know the kinds, and nothing could tell."
    )]
    public static void MakeKnown() => StageKinds.AddFrom(typeof(StageAssembly).Assembly);
}
