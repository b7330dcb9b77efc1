using System.Runtime.CompilerServices;
using Pipelines.Stages;

namespace Pipelines.Spec.Tests;

/// <summary>Specs know all kinds of stages before the first test.</summary>
internal static class KindsOfStages
{
    [ModuleInitializer]
    internal static void MakeKnown() => StageAssembly.MakeKnown();
}
