using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Trainers.LightGbm;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// LightGBM is a native library that not every system has: ML.NET would say so in the middle of a fit, with a stack
/// trace.
/// </summary>
internal static class LightGbmLibrary
{
    private const string Name = "lib_lightgbm"; // as ML.NET imports it

    /// <summary>ML.NET's trainer.</summary>
    /// <exception cref="InputException">There is no LightGBM for this system.</exception>
    public static LightGbmRegressionTrainer Trainer(MLContext ml, LightGbmRegressionTrainer.Options options)
    {
        Require(Name);
        return ml.Regression.Trainers.LightGbm(options);
    }

    /// <summary>Makes sure that a native library of ML.NET's LightGBM can be loaded here.</summary>
    /// <param name="library">Its name, as it is imported.</param>
    /// <exception cref="InputException">It cannot.</exception>
    public static void Require(string library)
    {
        if (!NativeLibrary.TryLoad(library, typeof(LightGbmRegressionTrainer).Assembly, null, out _))
        {
            throw new InputException(
                "light-gbm",
                $"its native library '{library}' cannot be loaded on {RuntimeInformation.RuntimeIdentifier}.",
                "There is none for macOS on arm64, and on Linux it needs libgomp (Debian's libgomp1); else take the "
                    + "trainer elastic-net or sdca, and leave out the stage non-additive."
            );
        }
    }
}
