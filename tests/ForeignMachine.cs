using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Pipelines.Tests;

/// <summary>
/// Tests run as on a machine whose language and time are other than ours: in Turkish "i" has another capital and the
/// decimal point is a comma, and Nepal is three quarters of an hour off the others.
/// What depends on either fails here, not at a user's.
/// </summary>
internal static class ForeignMachine
{
    /// <summary>As the environment variable LC_ALL has it, for processes.</summary>
    public const string Locale = "tr_TR.UTF-8";

    /// <summary>As the environment variable TZ has it.</summary>
    public const string TimeZone = "Asia/Kathmandu";

    /// <summary>Settles it before any test runs.</summary>
    [ModuleInitializer]
    [SuppressMessage(
        "Usage",
        "CA2255",
        Justification = "It must come before every test of the assembly, and tests have no entry point of their own."
    )]
    internal static void Settle()
    {
        Environment.SetEnvironmentVariable("TZ", TimeZone);
        TimeZoneInfo.ClearCachedData();
        var culture = new CultureInfo("tr-TR");
        (CultureInfo.DefaultThreadCurrentCulture, CultureInfo.DefaultThreadCurrentUICulture) = (culture, culture);
        (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (culture, culture);
    }
}
